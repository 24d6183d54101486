import './zodConfig'
import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { setTransport } from './api'
import { start } from './stores/start'
import { openTransport } from './transport/open'

const app = createApp(App)
app.use(createPinia())

setTransport(openTransport())
// Painted before main has answered: the frame says that it connects.
app.mount('#app')
void start()
