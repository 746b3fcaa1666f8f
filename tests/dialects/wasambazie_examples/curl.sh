# Check balance
curl -X GET 'https://wasambazie.co.tz/v1/balance/' \
  -H 'X-API-PUBLIC-KEY: pk_your-public-key' \
  -H 'X-API-SECRET-KEY: sk_your-secret-key'

# Send a single SMS
curl -X POST 'https://wasambazie.co.tz/v1/sms/send' \
  -H 'Content-Type: application/json' \
  -H 'X-API-PUBLIC-KEY: pk_your-public-key' \
  -H 'X-API-SECRET-KEY: sk_your-secret-key' \
  -d '{
    "to_number":  "+255712345678",
    "message":    "Hello from Wasambazie!",
    "sender_id":  "MYBRAND"
  }'

# Send to multiple recipients (comma-separated)
curl -X POST 'https://wasambazie.co.tz/v1/sms/send' \
  -H 'Content-Type: application/json' \
  -H 'X-API-PUBLIC-KEY: pk_your-public-key' \
  -H 'X-API-SECRET-KEY: sk_your-secret-key' \
  -d '{
    "to_number":  "+255712345678,+255722345678,+255732345679",
    "message":    "Your order has been confirmed.",
    "sender_id":  "MYBRAND"
  }'

# Poll delivery report
curl -X GET 'https://wasambazie.co.tz/v1/sms/delivery-reports/abc123xyz' \
  -H 'X-API-PUBLIC-KEY: pk_your-public-key' \
  -H 'X-API-SECRET-KEY: sk_your-secret-key'
