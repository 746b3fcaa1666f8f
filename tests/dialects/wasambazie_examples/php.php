<?php
define('BASE', 'https://wasambazie.co.tz/v1');
$headers = [
    'Content-Type: application/json',
    'X-API-PUBLIC-KEY: pk_your-public-key',
    'X-API-SECRET-KEY: sk_your-secret-key',
];

function apiRequest(string $method, string $path, ?array $body = null): array {
    global $headers;
    $ch = curl_init(BASE . $path);
    curl_setopt_array($ch, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CUSTOMREQUEST  => $method,
        CURLOPT_HTTPHEADER     => $headers,
    ]);
    if ($body) {
        curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode($body));
    }
    $response = curl_exec($ch);
    curl_close($ch);
    return json_decode($response, true);
}

// Check balance
$balance = apiRequest('GET', '/balance/');
echo 'Balance: ' . $balance['balance'] . PHP_EOL;

// Send SMS
$result = apiRequest('POST', '/sms/send', [
    'to_number'  => '+255712345678',
    'message'    => 'Hello from Wasambazie!',
    'sender_id'  => 'MYBRAND',
]);
echo 'Batch ID: ' . $result['message_batch_id'] . PHP_EOL;

// Poll delivery report
sleep(30);
$report = apiRequest('GET', '/sms/delivery-reports/' . $result['message_batch_id']);
print_r($report);
