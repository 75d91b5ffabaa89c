import { Home } from './home.ts'

customElements.define('latchkey-home', Home)
