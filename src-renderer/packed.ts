/** Bytes that crossed as base64. A loop, for `Uint8Array.from` with a function takes ten times as long. */
export function bytesOf(packed: string): Uint8Array {
  const text = atob(packed)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Little-endian float32 numbers that crossed as base64. */
export function floatsOf(packed: string): Float32Array {
  const bytes = bytesOf(packed)
  return new Float32Array(bytes.buffer, 0, Math.floor(bytes.byteLength / 4))
}
