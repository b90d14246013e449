// Calls every operation with a client that a generator made: nswag or kiota. Prints the operations that went well, one a line.
using System.Net.Http.Headers;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Http.HttpClientLibrary;

var (which, url, key, receiver) = (args[0], args[1], args[2], args[3]);
var order = $"{which}-{Guid.NewGuid():N}";
try
{
    await (which == "nswag" ? NSwag() : Kiota());
}
catch (NSwagClient.ApiException<NSwagClient.Problem> refused)
{
    Console.Error.WriteLine(refused.Result.Detail);
    throw;
}

async Task NSwag()
{
    using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
    var client = new NSwagClient.LakalaClient(http) { BaseUrl = url };
    var body = new NSwagClient.CreateBill
    {
        Order_id = order,
        Amount = 12800,
        Currency = "CNY",
        Description = "A teapot",
        Shopper = new() { Name = "Any Shopper", Language = NSwagClient.ShopperLanguage.En },
        Metadata = new Dictionary<string, string> { ["cart"] = "77" },
        Expires_at = DateTimeOffset.UtcNow.AddHours(1),
    };
    var bill = await client.CreateBillAsync(order, body);
    Is("createBill", bill.Status == NSwagClient.BillStatus.OPEN && bill.Expires_at > bill.Created_at && bill.Payment is null && bill.Metadata["cart"] == "77");
    var listed = await client.ListBillsAsync(order, null, null);
    Is("listBills", listed.Data.Single().Number == bill.Number && listed.Next_cursor is null);
    Is("getBill", (await client.GetBillAsync(bill.Number)).Amount == 12800);
    var endpoint = await client.CreateWebhookEndpointAsync(new() { Url = new Uri(receiver) });
    Is("createWebhookEndpoint", endpoint.Secret.StartsWith("whsec_"));
    Is("listWebhookEndpoints", (await client.ListWebhookEndpointsAsync()).Data.Any(one => one.Id == endpoint.Id));
    Is("rotateWebhookSecret", (await client.RotateWebhookSecretAsync(endpoint.Id)).Rotating_until > DateTimeOffset.UtcNow);
    Is("enableWebhookEndpoint", (await client.EnableWebhookEndpointAsync(endpoint.Id)).Id == endpoint.Id);
    var test = await client.TestWebhookEndpointAsync(endpoint.Id);
    Is("testWebhookEndpoint", test.Type == "webhook.test");
    Is("shipOrder", await IsRefused(() => client.ShipOrderAsync(bill.Number, new() { Carrier = "EMS", Tracking_number = "1" })));
    Is("extendTime", await IsRefused(() => client.ExtendTimeAsync(bill.Number, new() { Days = 5 })));
    Is("createRefund", await IsRefused(() => client.CreateRefundAsync(bill.Number, "refund-1", new() { Amount = 1 })));
    Is("listRefunds", (await client.ListRefundsAsync(bill.Number, null, null)).Data.Count == 0);
    Is("getRefund", await IsRefused(() => client.GetRefundAsync("000000000001"), 404));
    Is("withdrawRefund", await IsRefused(() => client.WithdrawRefundAsync("000000000001"), 404));
    Is("listClaims", (await client.ListClaimsAsync(null, null, null, null)).Data.Count == 0);
    Is("getClaim", await IsRefused(() => client.GetClaimAsync("000000000001"), 404));
    Is("agreeToClaim", await IsRefused(() => client.AgreeToClaimAsync("000000000001"), 404));
    Is("receiveReturn", await IsRefused(() => client.ReceiveReturnAsync("000000000001"), 404));
    Is("makeOffer", await IsRefused(() => client.MakeOfferAsync("000000000001", new() { Amount = 1 }), 404));
    Is("askForReturn", await IsRefused(() => client.AskForReturnAsync("000000000001", new() { Text = "to us" }), 404));
    Is("refuseClaim", await IsRefused(() => client.RefuseClaimAsync("000000000001", new() { Text = "no" }), 404));
    Is("getBalance", (await client.GetBalanceAsync()).Held == 0);
    Is("listBalanceEntries", (await client.ListBalanceEntriesAsync(10, null)).Data.Count == 0);
    Is("cancelBill", (await client.CancelBillAsync(bill.Number)).Status == NSwagClient.BillStatus.CANCELLED);
    var events = await client.ListEventsAsync(null, 100, null);
    var cancelled = events.Data.First(one => one.Type == "bill.cancelled");
    Is("listEvents", cancelled.Deliveries.Single().Receiver == endpoint.Id);
    Is("getEvent", (await client.GetEventAsync(cancelled.Id)).Timestamp > bill.Created_at);
    Is("resendEvent", (await client.ResendEventAsync(cancelled.Id, NSwagClient.To.Webhooks)).Id == cancelled.Id);
    await client.DeleteWebhookEndpointAsync(endpoint.Id);
    Is("deleteWebhookEndpoint", true);
    Is("findStores", (await client.FindStoresAsync(null, null, null, null)).Data.Count > 0);
    Is("listStoreAreas", (await client.ListStoreAreasAsync()).Data is not null);
    Is("inviteFirstPerson", (await client.InviteFirstPersonAsync()).Link.Contains("/merchant/join?code="));
    Is("rotateApiKey", (await client.RotateApiKeyAsync()).Api_key.StartsWith("lk_"));
    var made = await client.CreateApiKeyAsync(new() { Name = "warehouse", Others_work_for_seconds = 3600 });
    Is("createApiKey", made.Api_key.StartsWith(made.Prefix) && made.Name == "warehouse" && made.Last_used_at == default && !made.Current);
    var keys = (await client.ListApiKeysAsync()).Data;
    Is("listApiKeys", keys.Count == 3 && keys.Single(one => one.Current).Expires_at > DateTimeOffset.UtcNow && keys.All(one => one.Api_key is null));
    await client.RevokeApiKeyAsync(keys.Single(one => one.Current).Id);
    Is("revokeApiKey", true);
}

// The bill is direct, and not paid.
async Task<bool> IsRefused(Func<Task> call, int status = 409)
{
    try
    {
        await call();
        return false;
    }
    catch (NSwagClient.ApiException refused)
    {
        return refused.StatusCode == status;
    }
    catch (ApiException refused)
    {
        return refused.ResponseStatusCode == status;
    }
}

async Task Kiota()
{
    // Its own providers of keys want https.
    using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
    var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = url };
    var client = new KiotaClient.LakalaClient(adapter).V1;
    var body = new KiotaClient.Models.CreateBill
    {
        OrderId = order,
        Amount = 12800,
        Currency = "CNY",
        Description = "A teapot",
        Shopper = new() { Name = "Any Shopper", Language = KiotaClient.Models.Shopper_language.En },
        Metadata = new() { AdditionalData = new Dictionary<string, object> { ["cart"] = "77" } },
        ExpiresAt = DateTimeOffset.UtcNow.AddHours(1),
    };
    var bill = await client.Bills.PostAsync(body, request => request.Headers.Add("Idempotency-Key", order));
    Is("createBill", bill.Status == KiotaClient.Models.Bill_status.OPEN && bill.ExpiresAt > bill.CreatedAt && bill.Payment is null);
    var listed = await client.Bills.GetAsync(request => request.QueryParameters.OrderId = order);
    Is("listBills", listed.Data.Single().Number == bill.Number && listed.NextCursor is null);
    Is("getBill", (await client.Bills[bill.Number].GetAsync()).Amount == 12800);
    var endpoint = await client.Webhook_endpoints.PostAsync(new() { Url = receiver });
    Is("createWebhookEndpoint", endpoint.Secret.StartsWith("whsec_"));
    Is("listWebhookEndpoints", (await client.Webhook_endpoints.GetAsync()).Data.Any(one => one.Id == endpoint.Id));
    Is("rotateWebhookSecret", (await client.Webhook_endpoints[endpoint.Id].Rotate_secret.PostAsync()).RotatingUntil > DateTimeOffset.UtcNow);
    Is("enableWebhookEndpoint", (await client.Webhook_endpoints[endpoint.Id].Enable.PostAsync()).Id == endpoint.Id);
    Is("testWebhookEndpoint", (await client.Webhook_endpoints[endpoint.Id].Test.PostAsync()).Type == "webhook.test");
    Is("shipOrder", await IsRefused(() => client.Bills[bill.Number].Ship.PostAsync(new() { Carrier = "EMS", TrackingNumber = "1" })));
    Is("extendTime", await IsRefused(() => client.Bills[bill.Number].Extend.PostAsync(new() { Days = 5 })));
    Is("createRefund", await IsRefused(() => client.Bills[bill.Number].Refunds.PostAsync(new() { Amount = 1 }, one => one.Headers.Add("Idempotency-Key", "refund-2"))));
    Is("listRefunds", (await client.Bills[bill.Number].Refunds.GetAsync())!.Data!.Count == 0);
    Is("getRefund", await IsRefused(() => client.Refunds["000000000001"].GetAsync(), 404));
    Is("withdrawRefund", await IsRefused(() => client.Refunds["000000000001"].Withdraw.PostAsync(), 404));
    var claim = client.Claims["000000000001"];
    Is("listClaims", (await client.Claims.GetAsync())!.Data!.Count == 0);
    Is("getClaim", await IsRefused(() => claim.GetAsync(), 404));
    Is("agreeToClaim", await IsRefused(() => claim.Agree.PostAsync(), 404));
    Is("receiveReturn", await IsRefused(() => claim.Received.PostAsync(), 404));
    Is("makeOffer", await IsRefused(() => claim.Offer.PostAsync(new() { Amount = 1 }), 404));
    Is("askForReturn", await IsRefused(() => claim.Return.PostAsync(new() { Text = "to us" }), 404));
    Is("refuseClaim", await IsRefused(() => claim.Refuse.PostAsync(new() { Text = "no" }), 404));
    Is("getBalance", (await client.Balance.GetAsync()).Held == 0);
    Is("listBalanceEntries", (await client.Balance.Entries.GetAsync())!.Data!.Count == 0);
    Is("cancelBill", (await client.Bills[bill.Number].Cancel.PostAsync()).Status == KiotaClient.Models.Bill_status.CANCELLED);
    var events = await client.Events.GetAsync(request => request.QueryParameters.Limit = 100);
    var cancelled = events.Data.First(one => one.Type == "bill.cancelled");
    Is("listEvents", cancelled.Deliveries.Single().Receiver == endpoint.Id);
    Is("getEvent", (await client.Events[cancelled.Id].GetAsync()).Timestamp > bill.CreatedAt);
    Is("resendEvent", (await client.Events[cancelled.Id].Resend.PostAsync()).Id == cancelled.Id);
    await client.Webhook_endpoints[endpoint.Id].DeleteAsync();
    Is("deleteWebhookEndpoint", true);
    Is("findStores", (await client.Stores.GetAsync()).Data.Count > 0);
    Is("listStoreAreas", (await client.Stores.Areas.GetAsync()).Data is not null);
    Is("inviteFirstPerson", (await client.Invitations.PostAsync()).Link.Contains("/merchant/join?code="));
    Is("rotateApiKey", (await client.Api_keys.Rotate.PostAsync()).ApiKeyProp.StartsWith("lk_"));
    var made = await client.Api_keys.PostAsync(new() { Name = "warehouse", OthersWorkForSeconds = 3600 });
    Is("createApiKey", made.ApiKey.StartsWith(made.Prefix) && made.Name == "warehouse" && made.LastUsedAt is null && made.Current == false);
    var keys = (await client.Api_keys.GetAsync()).Data;
    Is("listApiKeys", keys.Count == 3 && keys.Single(one => one.Current == true).ExpiresAt < DateTimeOffset.UtcNow.AddHours(1) && keys.All(one => one.ApiKey is null));
    await client.Api_keys[keys.Single(one => one.Current == true).Id].DeleteAsync();
    Is("revokeApiKey", true);
}

static void Is(string operation, bool isRight)
{
    Console.WriteLine(isRight ? operation : $"{operation}: not as it should be");
}
