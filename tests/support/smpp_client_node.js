// A client on npm's `smpp`: binds, submits a long text (the package cuts it) and a short one, tells what came as JSON.
'use strict';
const smpp = require('smpp');
const { url, systemId, password, to } = JSON.parse(process.argv[2]);
const session = smpp.connect({ url, rejectUnauthorized: false });
const told = { ids: [], receipts: [] };
session.on('error', (error) => { console.error(error); process.exit(1); });
session.on('deliver_sm', (pdu) => {
  told.receipts.push({ text: pdu.short_message.message, id: pdu.receipted_message_id, state: pdu.message_state });
  session.send(pdu.response());
  if (told.receipts.length === 3) {
    session.unbind(() => { session.close(); console.log(JSON.stringify(told)); process.exit(0); });
  }
});
session.bind_transceiver({ system_id: systemId, password }, (bound) => {
  told.bind = bound.command_status;
  const submit = (extra) => session.submit_sm(
    { destination_addr: to, dest_addr_ton: 1, dest_addr_npi: 1, registered_delivery: 1, ...extra },
    (pdu) => { told.ids.push(pdu.message_id); });
  submit({ short_message: 'Hello from node' });
  const parts = ['first part and ', 'second part'];
  parts.forEach((text, index) => submit({
    esm_class: 0x40,
    short_message: { udh: Buffer.from([5, 0, 3, 9, 2, index + 1]), message: text },
  }));
});
