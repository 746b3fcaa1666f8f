import requests
import time

BASE = 'https://wasambazie.co.tz/v1'
HEADERS = {
    'Content-Type':    'application/json',
    'X-API-PUBLIC-KEY': 'pk_your-public-key',
    'X-API-SECRET-KEY': 'sk_your-secret-key',
}

# Check balance
def get_balance():
    r = requests.get(f'{BASE}/balance/', headers=HEADERS)
    r.raise_for_status()
    print('Balance:', r.json()['balance'])

# Send SMS
def send_sms(to_number, message, sender_id):
    r = requests.post(f'{BASE}/sms/send', headers=HEADERS, json={
        'to_number':  to_number,
        'message':    message,
        'sender_id':  sender_id,
    })
    r.raise_for_status()
    batch_id = r.json()['message_batch_id']
    print('Batch ID:', batch_id)
    return batch_id

# Poll delivery report
def get_report(batch_id):
    r = requests.get(f'{BASE}/sms/delivery-reports/{batch_id}', headers=HEADERS)
    r.raise_for_status()
    print('Report:', r.json())

# Example usage
get_balance()
batch_id = send_sms('+255712345678', 'Hello from Wasambazie!', 'MYBRAND')
time.sleep(30)  # wait before polling
get_report(batch_id)
