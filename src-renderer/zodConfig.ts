import { z } from 'zod'

// Our content security policy forbids eval, which zod would try for faster parsers. This must run before the
// contract's schemas are made, so it is the first import of main.ts.
z.config({ jitless: true })
