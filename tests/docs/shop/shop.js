// An application that sends codes by wesend: what docs/testing.md's snippet in JavaScript tests.
const { WESEND_URL, API_KEY, API_SECRET, WALLET_ID } = process.env

export async function signUp(phone, { headers }) {
  const code = String(Math.floor(Math.random() * 1e6)).padStart(6, '0')
  const answer = await fetch(`${WESEND_URL}/api/v1/sms/send`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Basic ${btoa(`${API_KEY}:${API_SECRET}`)}`, ...headers },
    body: JSON.stringify({ walletId: WALLET_ID, recipient: phone, message: process.env.TEXT ?? `Your code is ${code}` }),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
