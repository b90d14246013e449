// Reads [{library, secret, headers, body}] and says of each whether the library accepts it.
import { Webhook as StandardWebhooks } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const libraries = { standardwebhooks: StandardWebhooks, svix: Svix };
const notices = JSON.parse(Buffer.concat(await process.stdin.toArray()).toString());
console.log(JSON.stringify(notices.map(({ library, secret, headers, body }) => {
  try {
    new libraries[library](secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
})));
