// SPDX-License-Identifier: MIT
// Reads each packet of stdin (INDEX LEVEL HEX) with mqtt-packet, writes it again with mqtt-packet, and prints
// INDEX HEX, with the errors met on the way behind tabs. It judges nothing: trip.c does, and limits.c knows the errors.
'use strict'

const mqttPacket = require('mqtt-packet')
const readline = require('node:readline')

// mqtt-packet will not read these bytes; so much is changed that it does.
const otherBytes = {
  'Invalid disconnect reason code': bytes => { bytes[1 + bytes.subarray(1).findIndex(byte => byte < 0x80) + 1] = 0x80 }
}

// And these packets it will not write.
const otherPacket = {
  'Username is required to use password': packet => { packet.username = '' },
  'clientId must be given if cleanSession set to 0': packet => { packet.clean = true },
  'clientId must be supplied before 3.1.1': packet => { packet.clientId = '-' }
}

function read (bytes, protocolVersion) {
  const packets = []
  const parser = mqttPacket.parser({ protocolVersion })
  parser.on('packet', packet => packets.push(packet))
  parser.on('error', error => { throw error })
  const left = parser.parse(bytes)
  if (packets.length !== 1 || left !== 0) {
    throw new Error(`${packets.length} packets were read, ${left} bytes are left`)
  }
  return packets[0]
}

// Tries until nothing is thrown, or no answer is known; each error is noted.
function insist (work, subject, answers, met) {
  for (;;) {
    try {
      return work(subject)
    } catch (error) {
      met.push(error.message)
      if (!answers[error.message] || met.length > 5) return undefined
      answers[error.message](subject)
    }
  }
}

function roundtrip (hex, protocolVersion) {
  const met = []
  const packet = insist(bytes => read(bytes, protocolVersion), Buffer.from(hex, 'hex'), otherBytes, met)
  const written = packet &&
    insist(packet => mqttPacket.generate(packet, { protocolVersion }), packet, otherPacket, met)
  return [written ? written.toString('hex') : '', ...met].join('\t')
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  const [index, level, hex] = line.split(' ')
  process.stdout.write(`${index} ${roundtrip(hex, Number(level))}\n`)
})
