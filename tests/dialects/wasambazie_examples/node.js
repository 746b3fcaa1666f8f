const axios = require('axios');

const headers = {
  'Content-Type':    'application/json',
  'X-API-PUBLIC-KEY': 'pk_your-public-key',
  'X-API-SECRET-KEY': 'sk_your-secret-key',
};
const BASE = 'https://wasambazie.co.tz/v1';

// Check balance
async function getBalance() {
  const { data } = await axios.get(`${BASE}/balance/`, { headers });
  console.log('Balance:', data.balance);
}

// Send SMS
async function sendSMS(toNumber, message, senderId) {
  const { data } = await axios.post(`${BASE}/sms/send`, {
    to_number:  toNumber,
    message:    message,
    sender_id:  senderId,
  }, { headers });
  console.log('Batch ID:', data.message_batch_id);
  return data.message_batch_id;
}

// Poll delivery report
async function getReport(batchId) {
  const { data } = await axios.get(
    `${BASE}/sms/delivery-reports/${batchId}`,
    { headers }
  );
  console.log('Report:', data);
}

// Example usage
(async () => {
  await getBalance();
  const batchId = await sendSMS('+255712345678', 'Hello!', 'MYBRAND');
  setTimeout(() => getReport(batchId), 30000); // poll after 30s
})();
