// SPDX-License-Identifier: MIT
// A WebSocket server of another library, the npm package ws, in front of a broker on TCP; it tells what it sees on stdout.
//     bridge.js {"port":1883,"fragment":7,"ping":50,"close":1001,"reason":"...","after":300,"protocol":"mqtt","text":"hello"}
// fragment: messages go to the client in fragments of so many bytes; ping: one every so many ms; close: the connection is closed with
// this code, `after` so many ms; protocol: what is selected; text: a text frame is the first thing that the client gets.
'use strict'

const net = require('node:net')
const { WebSocketServer } = require('ws')

const given = JSON.parse(process.argv[2])

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  handleProtocols: offered => given.protocol ?? (offered.has('mqtt') ? 'mqtt' : false)
})

server.on('listening', () => console.log(`listening on ${server.address().port}`))

function send (socket, bytes) {
  const size = given.fragment ?? bytes.length
  for (let at = 0; at < bytes.length; at += size) {
    socket.send(bytes.subarray(at, at + size), { binary: true, fin: at + size >= bytes.length })
  }
}

server.on('connection', socket => {
  const broker = net.connect(given.port, '127.0.0.1')
  if (given.text) socket.send(given.text)
  if (given.close) setTimeout(() => socket.close(given.close, given.reason), given.after)
  const pings = given.ping && setInterval(() => socket.ping('are you there'), given.ping)
  broker.on('data', bytes => send(socket, bytes))
  broker.on('close', () => socket.close(1000))
  broker.on('error', () => {})
  socket.on('message', (bytes, binary) => {
    console.log(`${binary ? 'binary' : 'text'} ${bytes.length}`)
    broker.write(bytes)
  })
  socket.on('pong', bytes => console.log(`pong ${bytes}`))
  socket.on('error', error => console.log(`error ${error.message}`))
  socket.on('close', code => {
    console.log(`closed ${code}`)
    clearInterval(pings)
    broker.destroy()
  })
})
