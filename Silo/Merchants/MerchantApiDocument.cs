using System.Text.Json;
using System.Text.Json.Nodes;
using Lakala.Silo.Web;
using Lakala.Storage.Notices;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Lakala.Silo.Merchants;

/// <summary>The parts of the OpenAPI document beside the endpoints' declarations: authentication and examples.</summary>
internal static class MerchantApiDocument
{
    private static readonly DateTimeOffset Created = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    private static readonly BillModel PaidBill = new(
        BillNumber.FromRandom(123_456_789_012).ToString(),
        "PAID",
        129_900,
        "CNY",
        "A-1001",
        "One kettle, red",
        new Dictionary<string, string> { ["cart"] = "77" },
        "https://pay.example.com/b/CzpzzhSPfTOkLbFzQmZ0ZtVn3kQm9w",
        Created + TimeSpan.FromHours(72),
        Created,
        Settlements.Direct,
        FeesOnRefund.Returned,
        new PaymentModel(
            Created + TimeSpan.FromMinutes(42), "000000010007", "A1B2C3", "622848******1234", "STORE0000000001", "T0000001"),
        Refunded: 30_000);

    private static readonly BillModel ShippedBill = PaidBill with
    {
        Settlement = Settlements.Escrow,
        Delivery = "express",
        ShipWithinSeconds = 259_200,
        ConfirmWithinSeconds = 864_000,
        ShipBy = PaidBill.Payment!.PaidAt + TimeSpan.FromHours(72),
        ConfirmBy = PaidBill.Payment.PaidAt + TimeSpan.FromHours(5) + TimeSpan.FromDays(10),
        Trade = new TradeModel(
            "SHIPPED", 129_900, 0, ShipOverdue: false, Stopped: false, "express", "SF Express", "SF1234567890123", PaidBill.Payment.PaidAt + TimeSpan.FromHours(5)),
    };

    private static readonly WebhookEndpointModel Endpoint = new(
        "we_0f1e2d3c4b5a69788796a5b4", "https://shop.example.com/lakala", Created, null, null, null, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=");

    private static readonly EventModel PaidEvent = new(
        "evt_0195513b9e4075c5a1f34a0de0c5c111",
        "bill.paid",
        PaidBill.Payment!.PaidAt,
        JsonSerializer.SerializeToElement(PaidBill, StrictJson.Options),
        [new DeliveryModel(Endpoint.Id, "ACCEPTED", 1, null, 200, null, PaidBill.Payment.PaidAt + TimeSpan.FromSeconds(1))]);

    private static readonly RefundModel Refund = new(
        "000000010042", PaidBill.Number, "DONE", 30_000, "CNY", "The lid was broken", null, PaidBill.Payment.PaidAt + TimeSpan.FromDays(2),
        PaidBill.Payment.PaidAt + TimeSpan.FromDays(2) + TimeSpan.FromSeconds(3), null);

    private static readonly BalanceEntryModel RefundEntry = new("refund", Refund.Id, -29_820, Refund.Currency, Refund.Bill, Refund.Id, null, Refund.CreatedAt);

    private static readonly ClaimModel Claim = new(
        "000000010077", PaidBill.Number, ClaimModel.Asked, "not_as_described", 30_000, "CNY", AfterSale: false, Offer: null, Granted: null, "The lid is broken", null, null, null, null,
        null, null, null, PaidBill.Payment.PaidAt + TimeSpan.FromDays(2), PaidBill.Payment.PaidAt + TimeSpan.FromDays(4), null);

    private static readonly KeyModel Key = new(
        "key_0123456789abcdef", "warehouse", "lk_0123456789abcdef", Created, null, null, Current: false, "lk_0123456789abcdef_n2bVdq3yq0Ck7sYtZ5uTn1xwGmJ8hQvR4eLpXaKcBDE");

    private static readonly Dictionary<Type, object> Examples = new()
    {
        [typeof(CreateBill)] = new CreateBill(
            PaidBill.OrderId, PaidBill.Amount, PaidBill.Currency, PaidBill.Description, new Shopper("Li Na", "li.na@example.com", "+8613800000000", "zh"), PaidBill.Metadata,
            ExpiresInSeconds: 259_200),
        [typeof(BillModel)] = PaidBill,
        [typeof(TradeModel)] = ShippedBill.Trade!,
        [typeof(ShipOrder)] = new ShipOrder(ShippedBill.Trade!.Carrier!, ShippedBill.Trade.TrackingNumber!),
        [typeof(ExtendTime)] = new ExtendTime(5),
        [typeof(BalanceModel)] = new BalanceModel(Money.Cny, 4_711_00, 129_900, 0, 0, 30_000),
        [typeof(BalanceEntryModel)] = RefundEntry,
        [typeof(ListModel<BalanceEntryModel>)] = new ListModel<BalanceEntryModel>([RefundEntry], null),
        [typeof(ListModel<BillModel>)] = new ListModel<BillModel>([PaidBill], null),
        [typeof(CreateRefund)] = new CreateRefund(Refund.Amount, Refund.Reason),
        [typeof(RefundModel)] = Refund,
        [typeof(ListModel<RefundModel>)] = new ListModel<RefundModel>([Refund], null),
        [typeof(OfferToShopper)] = new OfferToShopper(20_000, "Keep the kettle: we pay for a new lid"),
        [typeof(AskForReturn)] = new AskForReturn("Send it to 12 Nanjing Road, Shanghai"),
        [typeof(RefuseClaim)] = new RefuseClaim("The lid was whole when the parcel left us"),
        [typeof(ClaimModel)] = Claim,
        [typeof(ListModel<ClaimModel>)] = new ListModel<ClaimModel>([Claim], null),
        [typeof(CreateWebhookEndpoint)] = new CreateWebhookEndpoint(Endpoint.Url),
        [typeof(WebhookEndpointModel)] = Endpoint,
        [typeof(ListModel<WebhookEndpointModel>)] = new ListModel<WebhookEndpointModel>([Endpoint with { Secret = null }], null),
        [typeof(EventModel)] = PaidEvent,
        [typeof(ListModel<EventModel>)] = new ListModel<EventModel>([PaidEvent], "evt_0195513b9e4075c5a1f34a0de0c5c111"),
        [typeof(ApiKeyModel)] = new ApiKeyModel(
            Key.ApiKey!, Created + TimeSpan.FromDays(1), Key.Id),
        [typeof(CreateApiKey)] = new CreateApiKey(Key.Name!),
        [typeof(KeyModel)] = Key,
        [typeof(ListModel<KeyModel>)] = new ListModel<KeyModel>([Key with { LastUsedAt = Created + TimeSpan.FromHours(2), Current = true, ApiKey = null }], null),
        [typeof(InvitationModel)] = new InvitationModel(
            "https://pay.example.com/merchant/join?code=n2bVdq3yq0Ck7sYtZ5uTn1xwGmJ8hQvR4eLpXaKcBDE", Created + TimeSpan.FromHours(48)),
        [typeof(ProblemDetails)] = new JsonObject
        {
            ["type"] = Problems.TypePrefix + "invalid-request",
            ["title"] = "The request is not valid.",
            ["status"] = StatusCodes.Status400BadRequest,
            ["detail"] = "amount is not acceptable. An integer in minor units (fen): 1 to 999999999999.",
            ["field"] = "amount",
        },
    };

    public static void Describe(OpenApiOptions options)
    {
        DocumentShapes.Describe(options);
        options.AddDocumentTransformer(static (document, _, _) =>
        {
            Introduce(document);
            DescribeCreated(document, "/v1/bills", "bill");
            DescribeCreated(document, "/v1/bills/{number}/refunds", "refund");
            AddNotices(document);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer(static (schema, context, _) =>
        {
            if (Examples.TryGetValue(context.JsonTypeInfo.Type, out var example))
            {
                schema.Examples = [JsonSerializer.SerializeToNode(example, StrictJson.Options)!];
            }

            if (context.JsonPropertyInfo is { Name: "metadata" } member && member.DeclaringType == typeof(CreateBill))
            {
                CreateBill.TellMetadata(schema);
            }

            return Task.CompletedTask;
        });
        options.ShouldInclude = static endpoint => endpoint.RelativePath is { } path
            && path.StartsWith("v1/", StringComparison.Ordinal) && !path.StartsWith("v1/admin/", StringComparison.Ordinal);
    }

    private static void Introduce(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Lakala merchant API",
            Version = "1",
            Description =
                "Create a bill for an order, show its number to the shopper, and get a webhook when it was paid in a store. "
                + "Amounts are integers in minor units, times are RFC 3339 in UTC. Errors are application/problem+json; decide by their type. "
                + "Answers may get new members: ignore those that you do not know.",
        };
        document.Tags = Tags();
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [ApiKeyAuthentication.SchemeName] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "Your API key.",
            },
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(ApiKeyAuthentication.SchemeName, document)] = [] }];
    }

    private static HashSet<OpenApiTag> Tags() =>
    [
        new() { Name = "Bills", Description = "The amount that an order owes, and whether it is paid." },
        new() { Name = "Trades", Description = "The money of escrow bills after the payment." },
        new() { Name = "Balance", Description = "What you have." },
        new() { Name = "Refunds", Description = "Money of a paid bill on its way back to the shopper's card." },
        new() { Name = "Claims", Description = "Shoppers who want money of an escrow bill back." },
        new() { Name = "Webhooks", Description = "The endpoints to which notices are sent." },
        new() { Name = "Events", Description = "What happened, and the state of its notices." },
        new() { Name = "API keys", Description = "The keys that authenticate your requests." },
        new() { Name = "People", Description = "Those who can sign in at your pages under /merchant." },
        new() { Name = "Stores", Description = "The stores where a bill can be paid." },
    ];

    private static void DescribeCreated(OpenApiDocument document, string path, string what)
    {
        if (document.Paths[path].Operations![HttpMethod.Post].Responses!["201"] is OpenApiResponse made)
        {
            DocumentShapes.AddHeader(made, "Idempotent-Replayed", JsonSchemaType.String, "true: this is the first answer under this Idempotency-Key, repeated.");
            DocumentShapes.AddHeader(made, "Location", JsonSchemaType.String, $"The address of the {what}.");
        }
    }

    /// <summary>The requests that we send.</summary>
    private static void AddNotices(OpenApiDocument document)
    {
        document.AddComponent("BillNotice", Notice(EventTypes.ToMerchant, new OpenApiSchemaReference("Bill", document)));
        document.AddComponent("RefundNotice", Notice(EventTypes.OfRefunds, new OpenApiSchemaReference("Refund", document)));
        document.AddComponent("ClaimNotice", Notice(EventTypes.OfClaims, new OpenApiSchemaReference("Claim", document)));
        document.AddComponent("BalanceNotice", Notice(EventTypes.OfBalances, new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["refund"] = Text("The id of the refund that the guarantee fund has paid for you."),
                ["claim"] = Text("The id of the claim whose ruling it was; missing when it was none."),
                ["bill"] = Text("The number of the bill."),
                ["amount"] = Amount("What you owe for this refund, in minor units."),
                ["currency"] = Text("ISO 4217."),
                ["owed"] = Amount("What you owed in all then, with this refund, in minor units."),
            },
            Required = new HashSet<string> { "refund", "bill", "amount", "currency", "owed" },
        }));
        document.AddComponent("KeyNotice", Notice(EventTypes.OfKeys, new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["id"] = Text("The key's id."),
                ["name"] = Text("Its name; missing when it has none."),
                ["prefix"] = Text("The beginning of the key."),
                ["created_at"] = Time("When it was made."),
                ["others_work_until"] = Time("With api_key.created: when your other keys end; missing when they do not."),
                ["by"] = Text("The id of the key that made the request; missing when the platform's operators did."),
            },
            Required = new HashSet<string> { "id", "prefix", "created_at" },
        }));
        document.AddComponent("TestNotice", Notice([EndpointRows.TestEvent], new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = new Dictionary<string, IOpenApiSchema> { ["webhook_endpoint"] = Text("The id of the endpoint.") },
            Required = new HashSet<string> { "webhook_endpoint" },
        }));
        document.Webhooks = new Dictionary<string, IOpenApiPathItem>
        {
            ["bill"] = Post("billNotice", "A bill was paid, has expired or was cancelled, or its trade has moved", "BillNotice"),
            ["refund"] = Post("refundNotice", "A refund was ordered, has reached the card or was declined by the bank", "RefundNotice"),
            ["claim"] = Post("claimNotice", "A claim of a shopper was opened, has moved or has ended", "ClaimNotice"),
            ["balance"] = Post("balanceNotice", "The guarantee fund has paid a refund for you, and you owe it", "BalanceNotice"),
            ["api_key"] = Post("keyNotice", "An API key of yours was made or revoked", "KeyNotice"),
            ["test"] = Post("testNotice", "You asked for a test", "TestNotice"),
        };

        OpenApiPathItem Post(string id, string summary, string schema) => new()
        {
            Operations = new Dictionary<HttpMethod, OpenApiOperation>
            {
                [HttpMethod.Post] = new()
                {
                    OperationId = id,
                    Summary = summary,
                    Description = "A notice by Standard Webhooks: verify the signature over the bytes as received, and answer within 15 seconds.",
                    Tags = new HashSet<OpenApiTagReference> { new("Webhooks", document) },

                    // The receiver is the merchant's server: our API key is not sent there.
                    Security = [],
                    Parameters =
                    [
                        Header("webhook-id", "The event's id, the same at every try."),
                        Header("webhook-timestamp", "Seconds since 1970."),
                        Header("webhook-signature", "v1, and HMAC-SHA256 in Base64; several are separated by spaces."),
                    ],
                    RequestBody = new OpenApiRequestBody
                    {
                        Required = true,
                        Content = new Dictionary<string, OpenApiMediaType>
                        {
                            ["application/json"] = new() { Schema = new OpenApiSchemaReference(schema, document) },
                        },
                    },
                    Responses = new OpenApiResponses
                    {
                        ["2XX"] = new OpenApiResponse { Description = "You have accepted it." },
                        ["4XX"] = new OpenApiResponse { Description = "You have refused it." },
                    },
                },
            },
        };
    }

    private static OpenApiSchema Notice(IEnumerable<string> types, IOpenApiSchema data) => new()
    {
        Type = JsonSchemaType.Object,
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. types.Select(static type => JsonValue.Create(type))] },
            ["timestamp"] = Time("When it happened."),
            ["data"] = data,
        },
        Required = new HashSet<string> { "type", "timestamp", "data" },
    };

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };

    private static OpenApiSchema Amount(string description) => new() { Type = JsonSchemaType.Integer, Format = "int64", Description = description };

    private static OpenApiSchema Time(string description) => new() { Type = JsonSchemaType.String, Format = "date-time", Description = description };

    private static OpenApiParameter Header(string name, string description) => new()
    {
        Name = name,
        In = ParameterLocation.Header,
        Required = true,
        Description = description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };
}
