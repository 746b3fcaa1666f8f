// The vendor's Node client through verify and opt-outs: node calls.mjs BASE_URL KEY. Prints what came of it.
import { createRequire } from "node:module";
const { Esms } = createRequire(process.cwd() + "/")("esms-sms");
const [baseUrl, apiKey] = process.argv.slice(2);
const esms = new Esms({ baseUrl, apiKey, maxRetries: 0 });
const refused = async (call) => { try { await call(); return "answered"; } catch (error) { return [error.status, error.code]; } };
const to = "+256712345678";
const app = await esms.verify.createApp({ name: "Shop", code_length: 5 });
const changed = await esms.verify.updateApp(app.id, { name: "New shop", code_length: 4 });
const begun = await esms.verify.start({ to, appId: app.id, template: "{{code}} for {{app}}" });
const again = await esms.verify.resend(begun.verification_id);
const wrong = await esms.verify.check({ code: "no", verificationId: begun.verification_id });
const right = await esms.verify.check({ code: again.sandbox_code, to });
const twice = await refused(() => esms.verify.check({ code: again.sandbox_code, to }));
const other = await esms.verify.start({ to });
const canceled = await esms.verify.cancel(other.verification_id);
const listed = await esms.verify.list({ status: "approved", appId: app.id, to, page: 0, limit: 5 });
const stats = await esms.verify.appStats(app.id, 7);
const shown = await esms.verify.get(begun.verification_id);
const apps = await esms.verify.listApps();
const one = await esms.verify.getApp(app.id);
await esms.verify.deleteApp(app.id);
const gone = await refused(() => esms.verify.getApp(app.id));
const added = await esms.optOuts.add("+256772345678");
const optOuts = await esms.optOuts.list({ limit: 10 });
const toThem = await refused(() => esms.verify.start({ to: "+256772345678" }));
const removed = await esms.optOuts.remove("+256772345678");
const rate = await esms.messages.rate({ to: [to], text: "Hello" });
const valid = await esms.messages.validate(to);
const statuses = await esms.messages.statuses([shown.message_id]);
const bulk = await esms.messages.sendBulk({ recipients: [{ to, name: "Ann", vars: { n: 1 } }], text: "Hi {{name}} {{n}}" });
const batch = await esms.messages.getBatch(bulk.batchId, { page: 0, limit: 1 });
const key = await refused(() => new Esms({ baseUrl, apiKey: "esms_test_nobody", maxRetries: 0 }).verify.list());
console.log(JSON.stringify({
  length: begun.sandbox_code.length, changed: changed.name, wrong: wrong.status, left: wrong.attempts_remaining, right: right.status,
  twice, canceled: canceled.status, listed: listed.total, approved: stats.approved, rate_of: stats.approval_rate, shown: shown.status,
  apps: apps.total, one: one.name, gone, added: added.source, opt_outs: optOuts.map((entry) => entry.phone), to_them: toThem,
  removed: removed.status, rated: rate.recipients.length, valid: valid.valid, statuses: statuses.messages.length,
  bulk: bulk.totalRecipients, batch: batch.messages[0].text, key,
}));
