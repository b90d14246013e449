#!/usr/bin/env bash
# Two JavaScript libraries for the same Standard Webhooks signature do not do the same with a genuine notice.
#
#   standardwebhooks 1.1.1: verify() returns the notice, parsed.
#   svix 2.5.0:             verify() returns nothing; whoever uses its result has no notice.
#   Both refuse the Headers object of fetch with "Missing required headers", though it holds the three headers: they want a plain object.
#
# Needs node and npm. Exits 1 when one of them behaves otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund standardwebhooks@1.1.1 svix@2.5.0 >/dev/null

cat > try.js <<'JS'
const secret = 'whsec_' + Buffer.alloc(32, 7).toString('base64');
const body = '{"type":"bill.paid"}';
const libraries = { standardwebhooks: require('standardwebhooks').Webhook, svix: require('svix').Webhook };
const now = new Date();
const headers = {
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(Math.floor(now / 1000)),
  'webhook-signature': new libraries.standardwebhooks(secret).sign('msg_1', now, body),
};
for (const [name, Webhook] of Object.entries(libraries)) {
  const verifier = new Webhook(secret);
  console.log(`${name}: verify() gives ${JSON.stringify(verifier.verify(body, headers))}`);
  try {
    verifier.verify(body, new Headers(headers));
    console.log(`${name}: a Headers object is taken`);
  } catch (fault) {
    console.log(`${name}: a Headers object is refused, ${fault.message}`);
  }
}
JS
cat > expected <<'TEXT'
standardwebhooks: verify() gives {"type":"bill.paid"}
standardwebhooks: a Headers object is refused, Missing required headers
svix: verify() gives undefined
svix: a Headers object is refused, Missing required headers
TEXT
node try.js | tee seen
diff expected seen >&2 || { echo "the libraries behave otherwise now" >&2; exit 1; }
