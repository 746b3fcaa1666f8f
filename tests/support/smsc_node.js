// An SMSC on npm's `smpp`, steered by JSON lines: commands come on stdin, events go to stdout.
'use strict';
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');

const settings = JSON.parse(process.argv[2]);
const say = (event) => process.stdout.write(JSON.stringify(event) + '\n');
const sessions = new Map();
const unanswered = new Map();
let counted = 0;

// The package keeps UDH elements as buffers; joined they are the header without its length byte.
function arrived(session, pdu) {
  const message = pdu.message_payload ? pdu.message_payload : pdu.short_message;
  const key = String(++counted);
  unanswered.set(key, { session, pdu });
  say({
    event: 'submit', key, session: session.name,
    source: pdu.source_addr, source_ton: pdu.source_addr_ton,
    destination: pdu.destination_addr, destination_ton: pdu.dest_addr_ton,
    data_coding: pdu.data_coding, registered: pdu.registered_delivery,
    udh: message.udh ? Buffer.concat(message.udh).toString('hex') : '',
    text: message.message,
  });
}

const options = settings.cert
  ? { key: fs.readFileSync(settings.key), cert: fs.readFileSync(settings.cert) } : {};
const server = smpp.createServer(options, (session) => {
  session.name = 's' + (++counted);
  sessions.set(session.name, session);
  session.on('close', () => { sessions.delete(session.name); say({ event: 'closed', session: session.name }); });
  session.on('error', () => {});
  const bind = (pdu) => {
    const isWrong = settings.password && pdu.password !== settings.password;
    session.send(pdu.response({ command_status: isWrong ? smpp.ESME_RINVPASWD : 0, system_id: 'node' }));
    if (!isWrong) say({ event: 'bind', kind: pdu.command, system_id: pdu.system_id, session: session.name });
  };
  session.on('bind_transceiver', bind);
  session.on('bind_transmitter', bind);
  session.on('bind_receiver', bind);
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('enquire_link', (pdu) => {
    if (settings.deaf) return;
    session.send(pdu.response());
    say({ event: 'enquire_link' });
  });
  session.on('submit_sm', (pdu) => arrived(session, pdu));
});
server.listen(settings.port, '127.0.0.1', () => say({ event: 'listening', port: server.address().port }));

const commands = {
  answer({ key, status, message_id }) {
    const { session, pdu } = unanswered.get(key);
    unanswered.delete(key);
    session.send(pdu.response(status ? { command_status: status } : { message_id }));
  },
  deliver({ key, session, fields, content }) {
    const target = session ? sessions.get(session) : [...sessions.values()].pop();
    target.deliver_sm({ ...fields, short_message: Buffer.from(content, 'hex') },
      (pdu) => say({ event: 'delivered', key, status: pdu.command_status }));
  },
  ask({ key }) {
    [...sessions.values()].pop().enquire_link((pdu) => say({ event: 'delivered', key, status: pdu.command_status }));
  },
  drop() { for (const session of sessions.values()) session.destroy(); },
};
const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => { const command = JSON.parse(line); commands[command.do](command); });
lines.on('close', () => process.exit(0));
