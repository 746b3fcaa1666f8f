<?php
// An application that sends codes by wesend: what docs/testing.md's snippet in PHP tests.
function sign_up(string $phone, array $headers): void
{
    $code = sprintf('%06d', random_int(0, 999_999));
    $token = base64_encode(getenv('API_KEY') . ':' . getenv('API_SECRET'));
    $body = ['walletId' => getenv('WALLET_ID'), 'recipient' => $phone, 'message' => getenv('TEXT') ?: "Your code is $code"];
    $request = [
        'method' => 'POST',
        'header' => ['Content-Type: application/json', "Authorization: Basic $token", ...$headers],
        'content' => json_encode($body),
    ];
    if (file_get_contents(getenv('WESEND_URL') . '/api/v1/sms/send', false, stream_context_create(['http' => $request])) === false) {
        throw new Exception('not sent');
    }
}
