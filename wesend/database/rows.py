"""The types of rows, a class a table, so that mypy knows the columns. Made from the models: python -m tests.row_types

A row is read by name only (``row["uid"]``). What a query adds to a table's columns is declared beside it, in a class that
inherits the table's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypedDict
else:
    TypedDict = dict  # typing's own compiles every field of every table, which took a command 25 ms


class AccessTokenRow(TypedDict):
    """Of access_tokens."""

    gateway: str
    sealed: str


class AccountRow(TypedDict):
    """Of accounts."""

    id: int
    name: str
    country: str
    time_zone: str
    status: str
    is_sandbox: int
    countries: str | None
    daily_limit_micros: int | None
    recipient_limit: str | None
    burst_limit: str | None
    quiet_hours: str | None
    log_bodies_until: int | None
    price_list_id: int | None
    legal_name: str | None
    address: str | None
    tax_id: str | None
    language: str | None
    created_at: int
    closed_at: int | None


class AccountStorageRow(TypedDict):
    """Of account_storage."""

    account_id: int
    texts: int
    contacts: int


class ApiCallRow(TypedDict):
    """Of api_calls."""

    id: int
    account_id: int
    key_id: int
    is_sandbox: int
    at: int
    address: str
    method: str
    path: str
    status: int
    ms: int
    request_id: str
    code: str | None
    request_body: str | None
    answer_body: str | None


class ApiKeyRow(TypedDict):
    """Of api_keys."""

    id: int
    account_id: int
    wallet_id: int
    api: str
    name: str
    lookup: str
    secret_sha256: str
    prefix: str
    scopes: str
    is_sandbox: int
    last_used_at: int | None
    last_used_ip: str | None
    expires_at: int | None
    allow_ip: str | None
    countries: str | None
    daily_limit_micros: int | None
    valid_for: int | None
    namespace: str | None
    revoked_at: int | None
    created_at: int


class AuditEntryRow(TypedDict):
    """Of audit_log."""

    id: int
    account_id: int | None
    actor: str
    action: str
    subject: str
    detail: str | None
    at: int
    address: str | None
    api_key_id: int | None


class BatchRow(TypedDict):
    """Of batches."""

    id: int
    uid: str
    account_id: int
    wallet_id: int
    api_key_id: int | None
    api: str
    channel: str
    lane: int
    state: str
    in_request: int
    mode: str
    text: str
    placeholders: str | None
    confidential: int
    subject: str | None
    sender: str | None
    reference: str | None
    group_id: int | None
    namespace: str | None
    skipped: str | None
    total: int
    queued: int
    submitted: int
    delivered: int
    failed: int
    cancelled: int
    cost_micros: int
    refunded_micros: int
    owed_micros: int
    currency: str
    drip_rate: int | None
    scheduled_at: int | None
    lease_until: int | None
    valid_for: int | None
    keeps_quiet: int
    held_at: int | None
    created_at: int
    finished_at: int | None


class BlockedPrefixRow(TypedDict):
    """Of blocked_prefixes."""

    id: int
    prefix: str
    created_at: int


class BroughtReceiptRow(TypedDict):
    """Of brought_receipts."""

    id: int
    gateway: str
    gateway_ref: str | None
    reference: str | None
    recipient: str | None
    part: str | None
    parts: int | None
    status: str
    code: str | None
    text: str | None
    cost: str | None
    raw: str | None
    state: str
    message_id: int | None
    created_at: int


class BurstAlertRow(TypedDict):
    """Of burst_alerts."""

    account_id: int
    is_sandbox: int
    prefix: str
    at: int
    told_at: int | None
    mailed_at: int | None


class CampaignDraftRow(TypedDict):
    """Of campaign_drafts."""

    id: int
    uid: str
    account_id: int
    form: str
    author: str
    created_at: int
    updated_at: int


class CaughtBodyRow(TypedDict):
    """Of caught_bodies."""

    id: int
    raw: bytes
    size: int


class CaughtMailRow(TypedDict):
    """Of caught_mails."""

    id: int
    uid: str
    recipient: str
    body_id: int
    namespace: str | None
    created_at: int


class CommitRow(TypedDict):
    """Of commits."""

    writer: str
    number: int
    at: int


class ConfigStateRow(TypedDict):
    """Of config_state."""

    id: int
    version: int
    paused_at: int | None
    paused_reason: str | None


class ContactRow(TypedDict):
    """Of contacts."""

    id: int
    group_id: int
    account_id: int
    phone: str
    country: str
    name: str | None
    email: str | None
    data: str | None
    created_at: int


class ConversationRow(TypedDict):
    """Of conversations."""

    id: int
    account_id: int
    phone: str
    number: str
    service_id: int | None
    side: str
    text: str
    unread: int
    opted_out: int
    last_at: int


class DailyCountRow(TypedDict):
    """Of daily_counts."""

    account_id: int
    wallet_id: int
    day: str
    route: str
    total: int
    delivered: int
    failed: int
    cancelled: int
    segments: int


class DailyUseRow(TypedDict):
    """Of daily_use."""

    account_id: int
    api_key_id: int
    currency: str
    is_sandbox: int
    day: str
    used_micros: int


class DayRateRow(TypedDict):
    """Of day_rates."""

    day: str
    currency: str
    per_usd_micros: int


class DepositRow(TypedDict):
    """Of deposits."""

    id: int
    uid: str
    reference: str
    account_id: int
    wallet_id: int
    api_key_id: int | None
    amount_micros: int
    currency: str
    rate_micros: int | None
    phone: str
    provider: str | None
    gateway: str
    gateway_ref: str | None
    status: str
    reason: str | None
    credited_micros: int | None
    polls: int
    poll_at: int | None
    expires_at: int
    created_at: int
    updated_at: int


class ExchangeRateRow(TypedDict):
    """Of exchange_rates."""

    currency: str
    per_usd_micros: int
    updated_at: int


class FactorLockRow(TypedDict):
    """Of factor_locks."""

    user_id: int
    failures: int
    locked_until: int | None


class ForgottenMessageRow(TypedDict):
    """Of forgotten_messages."""

    message_id: int


class ForwardedMailRow(TypedDict):
    """Of forwarded_mails."""

    id: int
    service_id: int
    inbound_id: int
    recipient: str
    state: str
    attempts: int
    due_at: int
    created_at: int


class GatewayRow(TypedDict):
    """Of gateways."""

    id: int
    name: str
    type: str
    options: str
    secrets: str
    callback_token: str
    created_at: int


class GatewayBalanceRow(TypedDict):
    """Of gateway_balances."""

    gateway: str
    amount_micros: int | None
    currency: str | None
    told_at: int | None
    asked_at: int | None
    low_since: int | None
    mailed_at: int | None


class GatewayHealthRow(TypedDict):
    """Of gateway_health."""

    gateway: str
    failures: int
    rests_until: int | None
    last_error: str | None
    last_error_at: int | None
    link_trouble: str | None
    link_trouble_at: int | None


class GatewayPaceRow(TypedDict):
    """Of gateway_pace."""

    gateway: str
    next_free_us: int


class GroupRow(TypedDict):
    """Of groups."""

    id: int
    account_id: int
    name: str
    description: str | None
    tags: str
    columns: str
    contact_count: int
    state: str
    side: str | None
    created_at: int


class HostRow(TypedDict):
    """Of hosts."""

    id: str
    name: str
    pid: int
    version: str
    since: int
    last_seen: int


class IdempotencyKeyRow(TypedDict):
    """Of idempotency_keys."""

    id: int
    api_key_id: int
    key: str
    fingerprint: str
    token: str
    lease_until: int
    subject: str | None
    status_code: int | None
    body: str | None
    content_type: str | None
    created_at: int


class InboundCountRow(TypedDict):
    """Of inbound_counts."""

    gateway: str
    outcome: str
    total: int


class InboundMessageRow(TypedDict):
    """Of inbound_messages."""

    id: int
    uid: str
    account_id: int
    service_id: int | None
    wallet_id: int | None
    side: str | None
    gateway: str
    sender: str
    recipient: str | None
    text: str
    keyword: str | None
    opt_out: int
    cost_micros: int
    currency: str | None
    billed: int
    answer: str | None
    answer_note: str | None
    namespace: str | None
    forgotten: int
    created_at: int


class InboxStartRow(TypedDict):
    """Of inbox_starts."""

    channel: str
    after_id: int


class IncomingMessageRow(TypedDict):
    """Of incoming_messages."""

    id: int
    uid: str
    gateway: str
    gateway_ref: str | None
    sender: str
    recipient: str | None
    text: str
    raw: str | None
    meaning: str | None
    part_ref: str | None
    part_number: int | None
    part_total: int | None
    digest: str | None
    unanswered_at: int | None
    account_id: int | None
    namespace: str | None
    told_at: int
    state: str
    inbound_id: int | None


class KnownAddressRow(TypedDict):
    """Of known_addresses."""

    id: int
    user_id: int
    address: str
    last_at: int


class KnownDeviceRow(TypedDict):
    """Of known_devices."""

    id: int
    user_id: int
    token_sha256: str
    address: str
    user_agent: str
    mail_due: int
    created_at: int
    last_at: int


class LeaseRow(TypedDict):
    """Of leases."""

    name: str
    epoch: int
    holder: str
    host: str
    lease_until: int
    beat_at: int


class LedgerEntryRow(TypedDict):
    """Of ledger_entries."""

    id: int
    wallet_id: int
    kind: str
    amount_micros: int
    balance_after_micros: int
    description: str
    batch_id: int | None
    message_id: int | None
    deposit_id: int | None
    inbound_id: int | None
    service_id: int | None
    charge_no: int | None
    created_at: int


class ListPriceRow(TypedDict):
    """Of list_prices."""

    id: int
    price_list_id: int
    country: str
    network: str
    prefix: str
    from_segments: int
    price_micros: int


class ListeningSecretRow(TypedDict):
    """Of listening_secrets."""

    side: str
    format: str
    secret: str


class MarginDayRow(TypedDict):
    """Of margin_days."""

    day: str
    account_id: int
    wallet_id: int
    route: str
    gateway: str
    country: str
    network: str
    cost_currency: str
    messages: int
    segments: int
    delivered: int
    failed: int
    revenue_micros: int
    cost_micros: int


class MarkRow(TypedDict):
    """Of marks."""

    name: str
    value: int


class MessageRow(TypedDict):
    """Of messages."""

    id: int
    uid: str
    batch_id: int
    account_id: int
    wallet_id: int
    channel: str
    lane: int
    recipient: str
    country: str | None
    sender: str | None
    text: str
    fields: str | None
    subject: str | None
    encoding: str | None
    form: str | None
    tells_smpp: int
    segments: int
    cost_micros: int
    refunded_micros: int
    charges: int
    route: str | None
    route_cost_micros: int | None
    route_currency: str | None
    gateway: str
    gateway_ref: str | None
    status: str
    error_code: str | None
    error_message: str | None
    due_at: int
    valid_until: int | None
    claim_token: str | None
    lease_until: int | None
    attempts: int
    backoffs: int
    retry_count: int
    polls: int
    poll_at: int | None
    expires_at: int | None
    day: str
    created_at: int
    submitted_at: int | None
    delivered_at: int | None
    failed_at: int | None
    sold_on: str | None
    network: str | None
    carrier_route: str | None
    carrier_cost_micros: int | None
    carrier_currency: str | None


class MessageEventRow(TypedDict):
    """Of message_events."""

    id: int
    message_id: int
    event: str
    status: str
    detail: str | None
    meta: str | None
    at: int


class MessagePartRow(TypedDict):
    """Of message_parts."""

    id: int
    message_id: int
    gateway_ref: str
    status: str | None
    code: str | None
    text: str | None


class OperatorAlertRow(TypedDict):
    """Of operator_alerts."""

    condition: str
    title: str
    since: int
    told_at: int


class OptOutRow(TypedDict):
    """Of opt_outs."""

    id: int
    account_id: int
    channel: str
    address: str
    source: str
    side: str | None
    created_at: int
    is_erased: int


class PendingSignInRow(TypedDict):
    """Of pending_sign_ins."""

    id: int
    token_sha256: str
    user_id: int
    is_remembered: int
    challenge: str | None
    expires_at: int
    created_at: int


class PriceListRow(TypedDict):
    """Of price_lists."""

    id: int
    name: str
    currency: str
    created_at: int


class RateWindowRow(TypedDict):
    """Of rate_windows."""

    key_id: int
    opened_at: int
    taken: int


class RecentSendRow(TypedDict):
    """Of recent_sends."""

    mark: int
    seq: int
    at: int
    until: int


class RecoveryCodeRow(TypedDict):
    """Of recovery_codes."""

    id: int
    user_id: int
    code_sha256: str


class ReplyRow(TypedDict):
    """Of replies."""

    message_id: int
    service_id: int
    answer: str | None


class RouteRow(TypedDict):
    """Of routes."""

    id: int
    code: str
    name: str
    country: str
    prefixes: str
    gateway: str | None
    price_micros: int
    currency: str
    priority: int
    default_sender: str | None
    refund_failed_delivery: int
    network: str | None
    weight: int
    resend_undelivered: int
    cost_micros: int | None
    cost_currency: str | None
    is_active: int
    created_at: int


class RouteMinuteRow(TypedDict):
    """Of route_minutes."""

    minute: int
    route: str
    gateway: str
    network: str
    kind: str
    label: str
    messages: int


class RouteStateRow(TypedDict):
    """Of route_states."""

    route: str
    step: int | None
    median_s: int | None
    lowered_since: int | None
    lowered_until: int | None
    rounds: int
    why: str | None
    decision: str
    decided_until: int | None


class RouteStrategyRow(TypedDict):
    """Of route_strategies."""

    country: str
    prefix: str
    strategy: str


class SandboxRuleRow(TypedDict):
    """Of sandbox_rules."""

    id: int
    recipient: str
    outcome: str
    delay_ms: int | None
    times: int | None
    namespace: str | None
    created_at: int


class SecondFactorRow(TypedDict):
    """Of second_factors."""

    id: int
    user_id: int
    kind: str
    name: str
    secret: str | None
    last_step: int
    credential_id: str | None
    public_key: str | None
    sign_count: int
    confirmed_at: int | None
    last_used_at: int | None
    created_at: int


class SenderIdRow(TypedDict):
    """Of sender_ids."""

    id: int
    account_id: int
    name: str
    countries: str
    use_case: str | None
    status: str
    side: str | None
    rejection_reason: str | None
    created_at: int
    decided_at: int | None


class SignInAttemptRow(TypedDict):
    """Of sign_in_attempts."""

    id: int
    email: str
    address: str
    at: int


class SignInLinkRow(TypedDict):
    """Of sign_in_links."""

    id: int
    token_sha256: str
    user_id: int
    expires_at: int
    created_at: int
    issued_by: str | None


class SimulatedOutcomeRow(TypedDict):
    """Of simulated_outcomes."""

    message_uid: str
    outcome: str
    delay_ms: int | None
    created_at: int


class SlotShareRow(TypedDict):
    """Of slot_shares."""

    name: str
    holder: str
    slots: int
    wants_until: int
    lease_until: int


class SmppBindRow(TypedDict):
    """Of smpp_binds."""

    id: int
    uid: str
    api_key_id: int
    account_id: int
    mode: str
    address: str
    tls: int
    holder: str
    submits: int
    throttled: int
    ends: int
    since: int
    seen_at: int


class SmppDeliveryRow(TypedDict):
    """Of smpp_deliveries."""

    id: int
    api_key_id: int
    submission_id: int | None
    kind: str
    body: bytes
    parameters: bytes
    attempts: int
    claim_token: str | None
    due_at: int
    created_at: int


class SmppKeyRow(TypedDict):
    """Of smpp_keys."""

    api_key_id: int
    binds: int
    tps: int
    window_size: int
    senders: str
    default_sender: str | None
    rolled_to: int | None


class SmppRefusalRow(TypedDict):
    """Of smpp_refusals."""

    id: int
    account_id: int | None
    system_id: str
    address: str
    command: str
    status: int
    reason: str
    times: int
    at: int


class SmppSubmissionRow(TypedDict):
    """Of smpp_submissions."""

    id: int
    uid: str
    account_id: int
    api_key_id: int
    message_id: int | None
    registered: int
    source: bytes
    destination: bytes
    reference: bytes | None
    beginning: str
    told: int | None
    whole: str | None
    part_number: int | None
    part_total: int | None
    data_coding: int | None
    content: bytes | None
    digest: str | None
    ended: int | None
    ended_error: int | None
    created_at: int
    ended_at: int | None


class StatusCountRow(TypedDict):
    """Of status_counts."""

    api: str
    gateway: str
    status: str
    count: int


class TextTemplateRow(TypedDict):
    """Of text_templates."""

    id: int
    account_id: int
    name: str
    text: str
    sender: str | None
    created_at: int
    updated_at: int
    channel: str
    subject: str | None
    format: str | None


class TwoWayNumberRow(TypedDict):
    """Of two_way_numbers."""

    id: int
    number: str
    digits: str
    national: str
    gateway: str
    country: str
    type: str
    side: str
    is_on: int
    created_at: int


class TwoWayPriceRow(TypedDict):
    """Of two_way_prices."""

    country: str
    setup_fee_micros: int
    monthly_fee_micros: int
    keyword_fee_micros: int
    inbound_price_micros: int | None
    outbound_price_micros: int | None
    toll_free_price_micros: int | None
    networks: str
    is_on: int
    updated_at: int


class TwoWayServiceRow(TypedDict):
    """Of two_way_services."""

    id: int
    account_id: int
    wallet_id: int
    number_id: int | None
    side: str
    api: str
    country: str
    type: str
    keyword: str | None
    toll_free: int
    use_case: str
    company_name: str
    kyc_document_urls: str
    auto_reply_enabled: int
    auto_reply_text: str | None
    help_text: str | None
    forward_email: str | None
    status: str
    rejection_reason: str | None
    suspend_reason: str | None
    setup_fee_micros: int | None
    monthly_fee_micros: int | None
    inbound_price_micros: int | None
    outbound_price_micros: int | None
    charged_micros: int
    months: int
    activated_at: int | None
    bill_at: int | None
    past_due_since: int | None
    suspended_at: int | None
    cancelled_at: int | None
    decided_at: int | None
    created_at: int


class UnlistedWordRow(TypedDict):
    """Of unlisted_words."""

    gateway: str
    word: str
    receipts: int
    last_at: int


class UploadRow(TypedDict):
    """Of uploads."""

    id: int
    account_id: int
    token: str
    size: int | None
    created_at: int


class UploadChunkRow(TypedDict):
    """Of upload_chunks."""

    upload_id: int
    number: int
    data: bytes


class UserRow(TypedDict):
    """Of users."""

    id: int
    email: str
    password_hash: str | None
    role: str
    account_id: int | None
    status: str
    last_sign_in_at: int | None
    created_at: int
    phone: str | None
    reads_as: str | None
    start_hidden_at: int | None
    rights: str | None
    spending_limit_micros: int | None
    spending_currency: str | None
    spending_period: str | None
    language: str | None


class UserSessionRow(TypedDict):
    """Of user_sessions."""

    id: int
    token_sha256: str
    user_id: int
    address: str
    user_agent: str
    is_remembered: int
    created_at: int
    last_seen_at: int
    expires_at: int


class UserSpendingRow(TypedDict):
    """Of user_spending."""

    user_id: int
    period: str
    currency: str
    used_micros: int


class VerificationRow(TypedDict):
    """Of verifications."""

    id: int
    uid: str
    account_id: int
    wallet_id: int
    side: str
    app_id: int | None
    phone: str
    sender: str | None
    asked_sender: str | None
    name: str
    template: str | None
    code_length: int
    expiry_seconds: int
    status: str
    code_hmac: str | None
    attempts_remaining: int
    resends_remaining: int
    message_id: int
    expires_at: int
    created_at: int
    approved_at: int | None
    finished_at: int | None


class VerificationMissRow(TypedDict):
    """Of verification_misses."""

    id: int
    account_id: int
    phone: str
    at: int


class VerificationPhoneRow(TypedDict):
    """Of verification_phones."""

    id: int
    account_id: int
    phone: str
    touched_at: int


class VerificationSendRow(TypedDict):
    """Of verification_sends."""

    id: int
    verification_id: int
    message_id: int
    account_id: int
    phone: str
    side: str
    sent_at: int


class VerifyAppRow(TypedDict):
    """Of verify_apps."""

    id: int
    uid: str
    account_id: int
    side: str
    name: str
    sender: str | None
    code_length: int
    expiry_seconds: int
    template: str | None
    max_attempts: int
    max_resends: int
    created_at: int
    deleted_at: int | None


class WalletRow(TypedDict):
    """Of wallets."""

    id: int
    uid: str
    account_id: int
    currency: str
    balance_micros: int
    credit_limit_micros: int
    is_sandbox: int
    sms_rate_micros: int | None
    purchase_currency: str
    low_balance_micros: int | None
    low_balance_mail: str | None
    low_balance_told_at: int | None
    low_balance_mailed_at: int | None
    created_at: int
    name: str | None


class WebhookAttemptRow(TypedDict):
    """Of webhook_attempts."""

    id: int
    delivery_id: int
    at: int
    duration_ms: int
    status_code: int | None
    error: str | None
    answer: str | None


class WebhookDeliveryRow(TypedDict):
    """Of webhook_deliveries."""

    id: int
    uid: str
    endpoint_id: int
    event: str
    subject: str
    once: str | None
    payload: str | None
    status: str
    attempts: int
    due_at: int
    claim_token: str | None
    created_at: int
    finished_at: int | None


class WebhookEndpointRow(TypedDict):
    """Of webhook_endpoints."""

    id: int
    account_id: int
    format: str
    url: str
    credentials: str | None
    secret: str
    events: str | None
    managed: int
    side: str | None
    service_id: int | None
    is_active: int
    disabled_reason: str | None
    failing_since: int | None
    created_at: int
