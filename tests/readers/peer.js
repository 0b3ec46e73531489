// SPDX-License-Identifier: MIT
// An MQTT.js client that obeys lines on stdin, VERB JSON, and tells what happens on stdout:
//     peer.js {"url":...,"version":"5","clientId":...,"will":{...}}
//     sub {"topic":...,"qos":2,...}   unsub "topic"   pub {"topic":...,"payload":...,"qos":1,...}
//     burst {"topic":...,"qos":1,"count":100}   destroy   end
// Each order is answered by "ok VERB RESULT" when the broker has acknowledged it. Binary data is written {"hex":"00ff"}.
'use strict'

const mqtt = require('mqtt')
const readline = require('node:readline')

// MQTT.js does not look at the broker's Receive Maximum, which is 20 in Mosquitto.
const AT_ONCE = 20

const { version, ...given } = revive(JSON.parse(process.argv[2]))

// {"hex":"00ff"} is binary data, at any depth.
function revive (value) {
  if (value === null || typeof value !== 'object') return value
  if (typeof value.hex === 'string') return Buffer.from(value.hex, 'hex')
  if (Array.isArray(value)) return value.map(revive)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, revive(member)]))
}

// The other way, with members in the order of their names, so that a test can compare whole lines.
function plain (value) {
  if (Buffer.isBuffer(value)) return text(value)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.keys(value).sort().map(key => [key, plain(value[key])]))
}

function text (bytes) {
  const string = bytes.toString('utf8')
  return Buffer.from(string, 'utf8').equals(bytes) ? string : { hex: bytes.toString('hex') }
}

function say (word, value) {
  console.log(value === undefined ? word : `${word} ${JSON.stringify(plain(value))}`)
}

const levels = {
  3.1: { protocolId: 'MQIsdp', protocolVersion: 3 },
  '3.1.1': { protocolId: 'MQTT', protocolVersion: 4 },
  5: { protocolId: 'MQTT', protocolVersion: 5 }
}

const client = mqtt.connect(given.url, { reconnectPeriod: 0, ...levels[version], ...given })

client.on('connect', ({ sessionPresent, properties }) => say('connected', { sessionPresent, properties }))
client.on('close', () => say('closed'))
client.on('error', error => say('error', error.message))
client.on('disconnect', packet => say('disconnected', { reasonCode: packet.reasonCode, properties: packet.properties }))
client.on('message', (topic, payload, { qos, retain, properties }) =>
  say('message', { topic, payload, qos, retain, properties }))

const wordsOf = {
  async sub ({ topic, ...options }) {
    const granted = await client.subscribeAsync(topic, options)
    return granted.map(({ qos }) => qos)
  },
  async unsub (topic) {
    await client.unsubscribeAsync(topic)
  },
  async pub ({ topic, payload, ...options }) {
    await client.publishAsync(topic, payload, options)
  },
  async burst ({ topic, qos, count }) {
    for (let first = 0; first < count; first += AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => first + i)
      await Promise.all(numbers.map(i => client.publishAsync(topic, String(i), { qos })))
    }
  },
  async destroy () {
    client.stream.destroy()
  },
  async end () {
    await client.endAsync()
  }
}

async function obey (line) {
  const [, verb, json] = line.match(/^(\S+) ?(.*)$/)
  try {
    say(`ok ${verb}`, await wordsOf[verb](json === '' ? undefined : revive(JSON.parse(json))))
  } catch (error) {
    say(`failed ${verb}`, error.message)
  }
}

readline.createInterface({ input: process.stdin }).on('line', obey)
