using System.Globalization;
using Lakala.Rules.Claims;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Postgres;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Lakala.Silo.Web;

/// <summary>A kind of problem: its type is frozen, since clients decide by it.</summary>
/// <param name="Repeat">Whether the same request may succeed later, as the guides tell it.</param>
internal sealed record ProblemKind(string Type, int Status, string Title, Repeat Repeat);

internal enum Repeat
{
    /// <summary>The same again is refused again.</summary>
    No,

    /// <summary>When what is in the way has changed.</summary>
    Later,

    /// <summary>After the seconds of Retry-After.</summary>
    RetryAfter,
}

/// <summary>What the APIs refuse, as RFC 9457 wants it told.</summary>
internal static class Problems
{
    public const string TypePrefix = "urn:lakala:problem:";

    // A receiver answers within seconds, or is not heard of for longer.
    private static readonly TimeSpan TestPause = TimeSpan.FromSeconds(5);

    private static readonly List<ProblemKind> Known = [];

    private static readonly ProblemKind InvalidRequest = Kind("invalid-request", 400, "The request is not valid.", Repeat.No);
    private static readonly ProblemKind Unauthenticated = Kind("not-authenticated", 401, "An API key is needed.", Repeat.No);
    private static readonly ProblemKind Forbidden = Kind("not-allowed", 403, "The key may not do this.", Repeat.No);
    private static readonly ProblemKind NotFound = Kind("not-found", 404, "There is no such thing.", Repeat.No);
    private static readonly ProblemKind OrderTaken = Kind("order-has-bill", 409, "The order has a bill already.", Repeat.No);
    private static readonly ProblemKind KeyReused = Kind("idempotency-key-reused", 409, "The Idempotency-Key stands for another request.", Repeat.No);
    private static readonly ProblemKind BillPaid = Kind("bill-paid", 409, "The bill is paid.", Repeat.No);
    private static readonly ProblemKind BillExpired = Kind("bill-expired", 409, "The bill has expired.", Repeat.No);
    private static readonly ProblemKind BillBeingPaid = Kind("bill-being-paid", 409, "The bill is being paid.", Repeat.Later);
    private static readonly ProblemKind BillHeld = Kind("bill-held", 409, "The bill is at a counter.", Repeat.Later);
    private static readonly ProblemKind NoTrade = Kind("no-trade", 409, "The bill has no guaranteed trade.", Repeat.Later);
    private static readonly ProblemKind NotShipped = Kind("trade-not-shipped", 409, "The goods are not shipped.", Repeat.Later);
    private static readonly ProblemKind Shipped = Kind("trade-shipped", 409, "The goods are shipped.", Repeat.No);
    private static readonly ProblemKind Extended = Kind("trade-extended", 409, "The time was extended already.", Repeat.No);
    private static readonly ProblemKind TooLongExtended = Kind("extension-too-long", 409, "The extension is too long.", Repeat.No);
    private static readonly ProblemKind Claimed = Kind("trade-claimed", 409, "The shopper has a claim.", Repeat.Later);
    private static readonly ProblemKind Undecided = Kind("refund-undecided", 409, "Operators decide about a refund of the bill.", Repeat.Later);
    private static readonly ProblemKind NotWithdrawn = Kind("refund-not-withdrawable", 409, "The refund cannot be withdrawn.", Repeat.No);
    private static readonly ProblemKind Frozen = Kind("trade-frozen", 409, "The trade is stopped.", Repeat.Later);
    private static readonly ProblemKind Finished = Kind("trade-finished", 409, "The trade is finished.", Repeat.No);
    private static readonly ProblemKind Closed = Kind("trade-closed", 409, "The trade is closed.", Repeat.No);
    private static readonly ProblemKind BillNotPaid = Kind("bill-not-paid", 409, "The bill is not paid.", Repeat.Later);
    private static readonly ProblemKind RefundTooLarge = Kind("refund-exceeds", 409, "The refund is more than is left of the bill.", Repeat.No);
    private static readonly ProblemKind ClaimEnded = Kind("claim-over", 409, "The claim is over.", Repeat.No);
    private static readonly ProblemKind ClaimElsewhere = Kind("claim-not-now", 409, "The claim is at another step.", Repeat.Later);
    private static readonly ProblemKind ClaimHasOffer = Kind("claim-offered", 409, "You have made an offer.", Repeat.No);
    private static readonly ProblemKind OfferOutside = Kind("offer-out-of-range", 409, "The offer is too low or too high.", Repeat.No);
    private static readonly ProblemKind EndpointsFull = Kind("too-many-endpoints", 409, "There are too many endpoints.", Repeat.Later);
    private static readonly ProblemKind KeysFull = Kind("too-many-api-keys", 409, "There are too many API keys.", Repeat.Later);
    private static readonly ProblemKind OnlyKey = Kind("last-api-key", 409, "This is the last API key.", Repeat.Later);
    private static readonly ProblemKind FirstThere = Kind("first-person-invited", 409, "An API key invites only the first person.", Repeat.Later);
    private static readonly ProblemKind NobodyThere = Kind("nobody-to-tell", 409, "There is nobody to send it to.", Repeat.Later);
    private static readonly ProblemKind Conflicting = Kind("conflict", 409, "This cannot be done as things are.", Repeat.Later);
    private static readonly ProblemKind WrongLines = Kind("bad-lines", 400, "The file is not right; nothing was changed.", Repeat.No);
    private static readonly ProblemKind TooLarge = Kind("body-too-large", 413, "The body is too large.", Repeat.No);
    private static readonly ProblemKind SearchesFull = Kind("too-many-searches", 429, "Too many look for stores.", Repeat.RetryAfter);
    private static readonly ProblemKind RequestsFull = Kind("too-many-requests", 429, "You ask too often.", Repeat.RetryAfter);
    private static readonly ProblemKind ResendsFull = Kind("too-many-resends", 429, "The event was sent again often enough.", Repeat.RetryAfter);
    private static readonly ProblemKind TestThere = Kind("test-under-way", 429, "A test of the endpoint is under way.", Repeat.RetryAfter);
    private static readonly ProblemKind ListenersFull = Kind("too-many-listeners", 503, "Live status is not available right now.", Repeat.RetryAfter);
    private static readonly ProblemKind Failed = Kind("fault", 500, "This went wrong on our side.", Repeat.Later);
    private static readonly ProblemKind NotNow = Kind("try-later", 503, "This cannot be done right now.", Repeat.RetryAfter);

    /// <summary>All that there are. There will be others.</summary>
    public static IReadOnlyList<ProblemKind> Kinds => Known;

    /// <param name="field">The member, header or parameter that is wrong; null when it is the body as a whole.</param>
    public static ProblemHttpResult Invalid(string? field, string detail) => Of(InvalidRequest, detail, field is null ? null : ("field", field));

    public static ProblemHttpResult Unreadable(int status, string detail) => Of(InvalidRequest with { Status = status }, detail);

    public static ProblemHttpResult NotAuthenticated(bool isKeyWrong) => Of(
        Unauthenticated,
        isKeyWrong ? "The API key is not, or no longer, valid." : "Send the header Authorization: Bearer, followed by your API key.");

    public static ProblemHttpResult NotAllowed() => Of(Forbidden, "Use a key with a higher role: watch, act or administer.");

    /// <summary>A file of which nothing was taken; <c>lines</c> says what is wrong with it.</summary>
    public static ProblemHttpResult BadLines(IReadOnlyList<string> lines)
    {
        var problem = Of(WrongLines, lines[0]);
        problem.ProblemDetails.Extensions["lines"] = lines;
        return problem;
    }

    /// <summary>Nothing was changed.</summary>
    public static ProblemHttpResult Conflict(string detail) => Of(Conflicting, detail);

    public static ProblemHttpResult BodyTooLarge(int most) => Of(TooLarge, $"At most {most} bytes are accepted.");

    public static ProblemHttpResult NoSuch(string what, string id) => Of(NotFound with { Title = $"There is no such {what}." }, $"You have no {what} {id}.");

    /// <summary>Tells nothing of the page that was asked for.</summary>
    public static ProblemHttpResult NoSuchPage() => Of(NotFound with { Title = "There is no such page." }, "Check that you have the whole address.");

    public static ProblemHttpResult TooManyListeners() => Of(ListenersFull, "A reload still shows the latest.");

    public static ProblemHttpResult OrderHasBill(string orderId, BillNumber bill) => Of(
        OrderTaken,
        $"Order {orderId} has bill {bill}, which is, or can still be, paid. Use that bill, or cancel it first.",
        ("bill", bill.ToString()));

    public static ProblemHttpResult IdempotencyKeyReused() => Of(
        KeyReused,
        "The same Idempotency-Key came with another body before. Repeat a request unchanged, or give a new request a new key.",
        ("field", "Idempotency-Key"));

    public static ProblemHttpResult TooManyEndpoints(int most) => Of(EndpointsFull, $"At most {most} are kept: delete one first.");

    public static ProblemHttpResult TooManyKeys(int most) => Of(
        KeysFull, $"At most {most} work at a time, those that will end included: revoke one first, with DELETE /v1/api_keys/ and its id.");

    public static ProblemHttpResult LastKey() => Of(OnlyKey, "A key that does not end must remain: make another one first, then revoke this one.");

    public static ProblemHttpResult FirstInvited() => Of(
        FirstThere,
        "You have, or had, people who can sign in, or the operator of the network has just invited one. Invite others at the pages under /merchant (People), or ask the operator.");

    /// <summary>Does not repeat what was asked for: it may be a whole key, by mistake.</summary>
    public static ProblemHttpResult NoSuchKey() => Of(
        NotFound with { Title = "There is no such API key." }, "You have no key of this id that works. Its id begins with key_, and GET /v1/api_keys lists it.");

    public static ProblemHttpResult NobodyToTell(string to) => Of(
        NobodyThere,
        to == "shopper"
            ? "The event is of no bill, or its bill has no shopper with a mail address or phone number."
            : "You have no webhook endpoint, or the event is one that only the shopper is told: say to=shopper.");

    public static ProblemHttpResult NotCancellable(BillNumber bill, Refusal why) => why switch
    {
        Refusal.BillPaid => Of(BillPaid, $"Bill {bill} is PAID, which is final."),
        Refusal.BillExpired => Of(BillExpired, $"Bill {bill} is EXPIRED: nobody can pay it any more."),
        Refusal.BillBeingPaid => Of(BillBeingPaid, $"Bill {bill} is PAYING. Look again in a minute."),
        Refusal.BillHeld => Of(BillHeld, $"A store has just looked up bill {bill}; it may be paid any moment. Try again in three minutes."),
        _ => TryLater(),
    };

    public static ProblemHttpResult TradeRefused(BillRow bill, Refusal why) => why switch
    {
        Refusal.TradeNone => Of(
            NoTrade,
            bill.Escrow is null
                ? $"Bill {bill.BillNumber} is direct: you have its money, and there is no trade."
                : $"Bill {bill.BillNumber} is {StateNames.Format(bill.Bill.State)}: its trade begins when it is PAID."),
        Refusal.TradeNotShipped => Of(NotShipped, $"The goods of bill {bill.BillNumber} are not shipped yet: before that there is no time to extend."),
        Refusal.TradeShipped => Of(Shipped, $"The shipping of bill {bill.BillNumber} was corrected once already. Tell your shopper yourself what has changed."),
        Refusal.TradeExtended => Of(Extended, $"You have extended the time of bill {bill.BillNumber} already: each side can do so once."),
        Refusal.ExtensionTooLong => Of(
            TooLongExtended, $"The time of bill {bill.BillNumber} ends at the latest 60 days after the shipping: now it can be extended by {bill.Trade!.FindDaysLeft()} days at most."),
        Refusal.TradeClaimed => IsClaimed(bill),
        Refusal.TradeFinished => Of(Finished, $"The trade of bill {bill.BillNumber} is FINISHED: you have the money. To give some back, refund it."),
        Refusal.TradeClosed => Of(Closed, $"The trade of bill {bill.BillNumber} is CLOSED: the shopper gets the money back."),
        _ => TryLater(),
    };

    /// <param name="left">What can still be refunded of the bill, in minor units.</param>
    public static ProblemHttpResult NotRefundable(BillRow bill, Refusal why, long left) => why switch
    {
        Refusal.BillNotPaid => Of(BillNotPaid, $"Bill {bill.BillNumber} is {StateNames.Format(bill.Bill.State)}, not PAID: there is nothing to give back. An OPEN bill can be cancelled."),
        Refusal.TradeClaimed => IsClaimed(bill),
        Refusal.TradeFrozen => Of(Frozen, $"An operator has stopped the trade of bill {bill.BillNumber}: its money does not move until it goes on. Ask the network."),
        Refusal.RefundUndecided => Of(
            Undecided, $"The bank has refused a refund of bill {bill.BillNumber}, and the network's operators decide how the shopper gets that money: it cannot be refunded in another way."),
        Refusal.RefundExceeds => Of(RefundTooLarge, $"Of bill {bill.BillNumber} at most {left} can be refunded now; refunds on their way count.", ("left", left)),
        _ => TryLater(),
    };

    public static ProblemHttpResult NotWithdrawable(RefundRow refund, Refusal why) => Of(
        NotWithdrawn,
        why == Refusal.RefundPromised
            ? $"Refund {Rrn.ToText(refund.Rrn)} was promised to the shopper by a claim, at a counter, by the network's operators, or because nothing was shipped in time."
            : $"Refund {Rrn.ToText(refund.Rrn)} is {StateNames.Format(refund.State)}: only what is QUEUED or REQUESTED can be withdrawn.");

    public static ProblemHttpResult ClaimRefused(ClaimRow claim, Refusal why) => why switch
    {
        Refusal.ClaimOver => Of(ClaimEnded, $"Claim {Rrn.ToText(claim.Id)} is {StateNames.Format(claim.Claim.State)}, which is final."),
        Refusal.ClaimNotNow => Of(ClaimElsewhere, $"Claim {Rrn.ToText(claim.Id)} is {StateNames.Format(claim.Claim.State)}. {WhatNow(claim.Claim)}"),
        Refusal.ClaimOffered => Of(
            ClaimHasOffer, $"You have offered {claim.Claim.Offer} in claim {Rrn.ToText(claim.Id)}, which binds you, and the words with it: offer more, or agree."),
        Refusal.OfferWrong => Of(
            OfferOutside,
            claim.Claim.Offer is { } offer
                ? $"Offer more than {offer}, which you have offered, and less than {claim.Claim.Amount}, which is claimed; or agree."
                : $"Offer less than {claim.Claim.Amount}, which is claimed; or agree."),
        Refusal.TradeFrozen => Of(Frozen, $"An operator has stopped the trade of bill {claim.BillNumber}: its money does not move until it goes on."),
        _ => TryLater(),
    };

    private static ProblemHttpResult IsClaimed(BillRow bill) =>
        Of(Claimed, $"The shopper has a claim about bill {bill.BillNumber}, which is settled first: GET /v1/claims?bill={bill.BillNumber} shows it.");

    private static string WhatNow(Claim claim) => claim.State switch
    {
        ClaimState.Asked when claim.Offer is not null => "The shopper answers your offer now; you can offer more, or agree.",
        ClaimState.Asked => "Now you can agree, offer a part, refuse, or, unless nothing was received, ask for the goods.",
        ClaimState.Returning => "The shopper sends the goods back now; you can agree without them.",
        ClaimState.Back => "Look at the goods now, and say received, or refuse; you can also agree.",
        ClaimState.Refused => "The shopper may ask for a ruling now; you can still agree.",
        ClaimState.Judging => "Operators rule now; you can still agree.",
        _ => "It is final.",
    };

    public static ProblemHttpResult TooManySearches() => Of(SearchesFull, "Try again in a few seconds.");

    /// <summary>Of one merchant: the others are served.</summary>
    public static ProblemHttpResult TooManyRequests(HttpResponse response, TimeSpan wait) =>
        After(response, wait, RequestsFull, "You have used up what a merchant may ask within a while. Nothing was done: wait as long as Retry-After says, and repeat it.");

    public static ProblemHttpResult TooManyResends(HttpResponse response, TimeSpan wait, int most) =>
        After(response, wait, ResendsFull, $"An event is sent again {most} times a day, to whomever it goes. See what became of its deliveries.");

    public static ProblemHttpResult TestUnderWay(HttpResponse response) =>
        After(response, TestPause, TestThere, "Wait for the first try of the test before: its event says what became of it.");

    public static ProblemHttpResult TryLater() => Of(
        NotNow, "It is not certain whether it was done. Repeat the request unchanged, with its Idempotency-Key if it had one.");

    public static ProblemHttpResult Fault() => Of(
        Failed, "It is not certain whether it was done. Repeat the request unchanged, with its Idempotency-Key if it had one.");

    /// <summary>What every answer of a problem has, whoever made it.</summary>
    public static void Complete(ProblemDetailsContext context)
    {
        if (context.ProblemDetails is { Status: StatusCodes.Status415UnsupportedMediaType, Detail: null } problem)
        {
            problem.Detail = "Send the body as JSON, with the header Content-Type: application/json.";
        }
    }

    private static ProblemKind Kind(string type, int status, string title, Repeat repeat)
    {
        var kind = new ProblemKind(TypePrefix + type, status, title, repeat);
        Known.Add(kind);
        return kind;
    }

    private static ProblemHttpResult After(HttpResponse response, TimeSpan wait, ProblemKind kind, string detail)
    {
        response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        return Of(kind, detail);
    }

    private static ProblemHttpResult Of(ProblemKind kind, string detail, (string Name, object Value)? more = null) => TypedResults.Problem(
        detail,
        statusCode: kind.Status,
        title: kind.Title,
        type: kind.Type,
        extensions: more is { } extra ? [new(extra.Name, extra.Value)] : null);
}

/// <summary>Tells faults as problems too: a request that the framework cannot read, a database that is away, and what nobody foresaw.</summary>
internal sealed class ProblemsOfFaults(ILogger<ProblemsOfFaults> log) : IExceptionHandler
{
    // The class of SQLSTATE in which a server that is being stopped or started says so.
    private const string OperatorIntervention = "57";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        switch (exception)
        {
            case BadHttpRequestException bad:
                await Problems.Unreadable(bad.StatusCode, bad.Message).ExecuteAsync(httpContext);
                return true;

            case not null when WillPass(exception):
                log.LogWarning(exception, "{Method} {Route}: try later.", httpContext.Request.Method, RouteOf(httpContext));
                await Problems.TryLater().ExecuteAsync(httpContext);
                return true;

            default:
                log.LogError(exception, "{Method} {Route} failed.", httpContext.Request.Method, RouteOf(httpContext));
                await Problems.Fault().ExecuteAsync(httpContext);
                return true;
        }
    }

    // As it is declared: the path itself may hold the address of a bill page, which is a secret.
    public static string RouteOf(HttpContext context) =>
        ((context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint()) as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";

    /// <summary>Nothing is wrong with the request or with us: the same again may well succeed.</summary>
    public static bool WillPass(Exception fault) => fault switch
    {
        PostgresException refused => refused.IsTransient || refused.SqlState == Database.StoodStill
            || refused.SqlState.StartsWith(OperatorIntervention, StringComparison.Ordinal),
        NpgsqlException or TimeoutException or DatabaseAwayException or CommitUnknownException or CommitQueueFullException => true,
        _ => false,
    };
}
