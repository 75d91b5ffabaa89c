/** What sockets cost by themselves: `ws` on `node:http`, which sends back what it is sent, and to everybody what begins with an exclamation mark. */
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { listen } from './child.ts'

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', socket => {
  socket.on('message', (data, isBinary) => {
    // The library hands out one Buffer unless told otherwise.
    const text = isBinary ? '' : (data as Buffer).toString()
    if (text.startsWith('!')) for (const each of sockets.clients) each.send(text)
    else socket.send(text)
  })
})
listen(server)
