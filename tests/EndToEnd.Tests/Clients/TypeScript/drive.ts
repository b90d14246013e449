// Calls every operation with a client that a generator made: fetch (openapi-typescript with openapi-fetch) or hey (hey-api).
// Every answer is held to its schema. Prints the operations that went well, one a line.
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020";
import createFetch from "openapi-fetch";
import formats from "ajv-formats";
import type { paths } from "./types";
import { client as hey } from "./hey/client.gen";
import * as sdk from "./hey/sdk.gen";

const [which, url, key, receiver, documentFile] = process.argv.slice(2) as [string, string, string, string, string];
const order = `${which}-${crypto.randomUUID()}`;
const headers = { Authorization: `Bearer ${key}` };

const document = JSON.parse(readFileSync(documentFile, "utf8"));
const ajv = new Ajv2020({ strict: false, allErrors: true });
formats(ajv);
ajv.addSchema(document, "document");

/** The real fetch, which refuses an answer that breaks the schema of its operation. */
async function checked(request: Request): Promise<Response> {
  const answer = await fetch(request);
  const path = new URL(request.url).pathname;
  const [template] = Object.keys(document.paths)
    .filter((known) => new RegExp(`^${known.replace(/\{[^}]+\}/g, "[^/]+")}$`).test(path))
    .sort((one, other) => one.split("{").length - other.split("{").length);
  const text = await answer.clone().text();
  const type = answer.headers.get("content-type")?.split(";")[0];
  const pointer = ["paths", template, request.method.toLowerCase(), "responses", String(answer.status), "content", type, "schema"]
    .map((part) => encodeURIComponent(String(part).replace(/~/g, "~0").replace(/\//g, "~1"))).join("/");
  if (text && !ajv.validate({ $ref: `document#/${pointer}` }, JSON.parse(text))) {
    throw new Error(`${request.method} ${path}: ${ajv.errorsText()}: ${text}`);
  }
  return answer;
}

function is(operation: string, isRight: boolean): void {
  console.log(isRight ? operation : `${operation}: not as it should be`);
}

const body = {
  order_id: order, amount: 12800, currency: "CNY", description: "A teapot",
  shopper: { name: "Any Shopper", language: "en" as const }, metadata: { cart: "77" },
  expires_at: new Date(Date.now() + 3600_000).toISOString(),
};

async function byFetch(): Promise<void> {
  const api = createFetch<paths>({ baseUrl: url, headers, fetch: checked });
  const bill = (await api.POST("/v1/bills", { body, params: { header: { "Idempotency-Key": order } } })).data!;
  is("createBill", bill.status === "OPEN" && Date.parse(bill.expires_at) > Date.parse(bill.created_at) && bill.payment === undefined);
  const number = { params: { path: { number: bill.number } } };
  const listed = (await api.GET("/v1/bills", { params: { query: { order_id: order } } })).data!;
  is("listBills", listed.data[0]!.number === bill.number && listed.next_cursor === undefined);
  is("getBill", (await api.GET("/v1/bills/{number}", number)).data!.amount === 12800);
  const endpoint = (await api.POST("/v1/webhook_endpoints", { body: { url: receiver } })).data!;
  is("createWebhookEndpoint", endpoint.secret!.startsWith("whsec_"));
  const id = { params: { path: { id: endpoint.id } } };
  is("listWebhookEndpoints", (await api.GET("/v1/webhook_endpoints")).data!.data.some((one) => one.id === endpoint.id));
  is("rotateWebhookSecret", (await api.POST("/v1/webhook_endpoints/{id}/rotate_secret", id)).data!.rotating_until !== undefined);
  is("enableWebhookEndpoint", (await api.POST("/v1/webhook_endpoints/{id}/enable", id)).data!.id === endpoint.id);
  is("testWebhookEndpoint", (await api.POST("/v1/webhook_endpoints/{id}/test", id)).data!.type === "webhook.test");
  // The bill is direct, and not paid.
  const parcel = { carrier: "EMS", tracking_number: "1" };
  is("shipOrder", (await api.POST("/v1/bills/{number}/ship", { ...number, body: parcel })).response.status === 409);
  is("extendTime", (await api.POST("/v1/bills/{number}/extend", { ...number, body: { days: 5 } })).response.status === 409);
  const refundKey = { header: { "Idempotency-Key": "refund-1" } };
  is("createRefund", (await api.POST("/v1/bills/{number}/refunds", { params: { ...number.params, ...refundKey }, body: { amount: 1 } })).response.status === 409);
  is("listRefunds", (await api.GET("/v1/bills/{number}/refunds", number)).data!.data.length === 0);
  is("getRefund", (await api.GET("/v1/refunds/{id}", { params: { path: { id: "000000000001" } } })).response.status === 404);
  is("withdrawRefund", (await api.POST("/v1/refunds/{id}/withdraw", { params: { path: { id: "000000000001" } } })).response.status === 404);
  const claim = { params: { path: { id: "000000000001" } } };
  is("listClaims", (await api.GET("/v1/claims")).data!.data.length === 0);
  is("getClaim", (await api.GET("/v1/claims/{id}", claim)).response.status === 404);
  is("agreeToClaim", (await api.POST("/v1/claims/{id}/agree", claim)).response.status === 404);
  is("receiveReturn", (await api.POST("/v1/claims/{id}/received", claim)).response.status === 404);
  is("makeOffer", (await api.POST("/v1/claims/{id}/offer", { ...claim, body: { amount: 1 } })).response.status === 404);
  is("askForReturn", (await api.POST("/v1/claims/{id}/return", { ...claim, body: { text: "to us" } })).response.status === 404);
  is("refuseClaim", (await api.POST("/v1/claims/{id}/refuse", { ...claim, body: { text: "no" } })).response.status === 404);
  is("getBalance", (await api.GET("/v1/balance")).data!.held === 0);
  is("listBalanceEntries", (await api.GET("/v1/balance/entries")).data!.data.length === 0);
  is("cancelBill", (await api.POST("/v1/bills/{number}/cancel", number)).data!.status === "CANCELLED");
  const events = (await api.GET("/v1/events", { params: { query: { limit: 100 } } })).data!;
  const cancelled = events.data.find((one) => one.type === "bill.cancelled")!;
  is("listEvents", cancelled.deliveries[0]!.receiver === endpoint.id);
  const event = { params: { path: { id: cancelled.id } } };
  is("getEvent", Date.parse((await api.GET("/v1/events/{id}", event)).data!.timestamp) > 0);
  is("resendEvent", (await api.POST("/v1/events/{id}/resend", event)).data!.id === cancelled.id);
  is("deleteWebhookEndpoint", (await api.DELETE("/v1/webhook_endpoints/{id}", id)).response.status === 204);
  is("findStores", (await api.GET("/v1/stores")).data!.data.length > 0);
  is("listStoreAreas", (await api.GET("/v1/stores/areas")).data !== undefined);
  is("inviteFirstPerson", (await api.POST("/v1/invitations")).data!.link.includes("/merchant/join?code="));
  is("rotateApiKey", (await api.POST("/v1/api_keys/rotate")).data!.api_key.startsWith("lk_"));
  const made = (await api.POST("/v1/api_keys", { body: { name: "warehouse", others_work_for_seconds: 3600 } })).data!;
  is("createApiKey", made.api_key!.startsWith(made.prefix) && made.name === "warehouse" && made.last_used_at === undefined && !made.current);
  const keys = (await api.GET("/v1/api_keys")).data!.data;
  const own = keys.find((one) => one.current)!;
  is("listApiKeys", keys.length === 3 && Date.parse(own.expires_at!) <= Date.now() + 3600_000 && keys.every((one) => one.api_key === undefined));
  is("revokeApiKey", (await api.DELETE("/v1/api_keys/{id}", { params: { path: { id: own.id } } })).response.status === 204);
}

async function byHey(): Promise<void> {
  hey.setConfig({ baseUrl: url, headers, fetch: checked as typeof fetch, throwOnError: true });
  const bill = (await sdk.createBill({ body, headers: { "Idempotency-Key": order } })).data!;
  is("createBill", bill.status === "OPEN" && Date.parse(bill.expires_at) > Date.parse(bill.created_at) && bill.payment === undefined);
  const number = { path: { number: bill.number } };
  const listed = (await sdk.listBills({ query: { order_id: order } })).data!;
  is("listBills", listed.data[0]!.number === bill.number && listed.next_cursor === undefined);
  is("getBill", (await sdk.getBill(number)).data!.amount === 12800);
  const endpoint = (await sdk.createWebhookEndpoint({ body: { url: receiver } })).data!;
  is("createWebhookEndpoint", endpoint.secret!.startsWith("whsec_"));
  const id = { path: { id: endpoint.id } };
  is("listWebhookEndpoints", (await sdk.listWebhookEndpoints()).data!.data.some((one) => one.id === endpoint.id));
  is("rotateWebhookSecret", (await sdk.rotateWebhookSecret(id)).data!.rotating_until !== undefined);
  is("enableWebhookEndpoint", (await sdk.enableWebhookEndpoint(id)).data!.id === endpoint.id);
  is("testWebhookEndpoint", (await sdk.testWebhookEndpoint(id)).data!.type === "webhook.test");
  const parcel = { carrier: "EMS", tracking_number: "1" };
  is("shipOrder", (await sdk.shipOrder({ ...number, body: parcel, throwOnError: false })).response!.status === 409);
  is("extendTime", (await sdk.extendTime({ ...number, body: { days: 5 }, throwOnError: false })).response!.status === 409);
  is("createRefund", (await sdk.createRefund({ ...number, headers: { "Idempotency-Key": "refund-2" }, body: { amount: 1 }, throwOnError: false })).response!.status === 409);
  is("listRefunds", (await sdk.listRefunds(number)).data!.data.length === 0);
  is("getRefund", (await sdk.getRefund({ path: { id: "000000000001" }, throwOnError: false })).response!.status === 404);
  is("withdrawRefund", (await sdk.withdrawRefund({ path: { id: "000000000001" }, throwOnError: false })).response!.status === 404);
  const claim = { path: { id: "000000000001" }, throwOnError: false } as const;
  is("listClaims", (await sdk.listClaims()).data!.data.length === 0);
  is("getClaim", (await sdk.getClaim(claim)).response!.status === 404);
  is("agreeToClaim", (await sdk.agreeToClaim(claim)).response!.status === 404);
  is("receiveReturn", (await sdk.receiveReturn(claim)).response!.status === 404);
  is("makeOffer", (await sdk.makeOffer({ ...claim, body: { amount: 1 } })).response!.status === 404);
  is("askForReturn", (await sdk.askForReturn({ ...claim, body: { text: "to us" } })).response!.status === 404);
  is("refuseClaim", (await sdk.refuseClaim({ ...claim, body: { text: "no" } })).response!.status === 404);
  is("getBalance", (await sdk.getBalance()).data!.held === 0);
  is("listBalanceEntries", (await sdk.listBalanceEntries()).data!.data.length === 0);
  is("cancelBill", (await sdk.cancelBill(number)).data!.status === "CANCELLED");
  const events = (await sdk.listEvents({ query: { limit: 100 } })).data!;
  const cancelled = events.data.find((one) => one.type === "bill.cancelled")!;
  is("listEvents", cancelled.deliveries[0]!.receiver === endpoint.id);
  const event = { path: { id: cancelled.id } };
  is("getEvent", Date.parse((await sdk.getEvent(event)).data!.timestamp) > 0);
  is("resendEvent", (await sdk.resendEvent(event)).data!.id === cancelled.id);
  is("deleteWebhookEndpoint", (await sdk.deleteWebhookEndpoint(id)).response!.status === 204);
  is("findStores", (await sdk.findStores()).data!.data.length > 0);
  is("listStoreAreas", (await sdk.listStoreAreas()).data !== undefined);
  is("inviteFirstPerson", (await sdk.inviteFirstPerson()).data!.link.includes("/merchant/join?code="));
  is("rotateApiKey", (await sdk.rotateApiKey()).data!.api_key.startsWith("lk_"));
  const made = (await sdk.createApiKey({ body: { name: "warehouse", others_work_for_seconds: 3600 } })).data!;
  is("createApiKey", made.api_key!.startsWith(made.prefix) && made.name === "warehouse" && made.last_used_at === undefined && !made.current);
  const keys = (await sdk.listApiKeys()).data!.data;
  const own = keys.find((one) => one.current)!;
  is("listApiKeys", keys.length === 3 && Date.parse(own.expires_at!) <= Date.now() + 3600_000 && keys.every((one) => one.api_key === undefined));
  is("revokeApiKey", (await sdk.revokeApiKey({ path: { id: own.id } })).response!.status === 204);
}

(which === "hey" ? byHey() : byFetch()).catch((fault: unknown) => {
  console.error(fault);
  process.exit(1);
});
