using Lakala.Bills;
using Lakala.Grains.Storage;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Lakala.Silo.Merchants;

/// <summary>What the merchant API refuses, as RFC 9457 wants it told. The types are frozen: clients decide by them.</summary>
internal static class Problems
{
    public const string TypePrefix = "urn:lakala:problem:";

    /// <param name="field">The member, header or parameter that is wrong; null when it is the body as a whole.</param>
    public static ProblemHttpResult Invalid(string? field, string detail) => Of(
        StatusCodes.Status400BadRequest, "invalid-request", "The request is not valid.", detail, field is null ? null : ("field", field));

    public static ProblemHttpResult Unreadable(int status, string detail) =>
        Of(status, "invalid-request", "The request is not valid.", detail);

    public static ProblemHttpResult NotAuthenticated(bool isKeyWrong) => Of(
        StatusCodes.Status401Unauthorized,
        "not-authenticated",
        "An API key is needed.",
        isKeyWrong ? "The API key is not, or no longer, valid." : "Send the header Authorization: Bearer, followed by your API key.");

    public static ProblemHttpResult NotAllowed() => Of(
        StatusCodes.Status403Forbidden, "not-allowed", "The key may not do this.", "Use a key with a higher role: watch, act or administer.");

    /// <summary>A file of which nothing was taken; <c>lines</c> says what is wrong with it.</summary>
    public static ProblemHttpResult BadLines(IReadOnlyList<string> lines) => TypedResults.Problem(
        lines[0],
        statusCode: StatusCodes.Status400BadRequest,
        title: "The file is not right; nothing was changed.",
        type: TypePrefix + "bad-lines",
        extensions: [new("lines", lines)]);

    /// <summary>Nothing was changed.</summary>
    public static ProblemHttpResult Conflict(string detail) =>
        Of(StatusCodes.Status409Conflict, "conflict", "This cannot be done as things are.", detail);

    public static ProblemHttpResult BodyTooLarge(int most) => Of(
        StatusCodes.Status413PayloadTooLarge, "body-too-large", "The body is too large.", $"At most {most} bytes are accepted.");

    public static ProblemHttpResult NoSuch(string what, string id) => Of(
        StatusCodes.Status404NotFound, "not-found", $"There is no such {what}.", $"You have no {what} {id}.");

    /// <summary>Tells nothing of the page that was asked for.</summary>
    public static ProblemHttpResult NoSuchPage() =>
        Of(StatusCodes.Status404NotFound, "not-found", "There is no such page.", "Check that you have the whole address.");

    public static ProblemHttpResult TooManyListeners() => Of(
        StatusCodes.Status503ServiceUnavailable,
        "too-many-listeners",
        "Live status is not available right now.",
        "A reload still shows the latest.");

    public static ProblemHttpResult OrderHasBill(string orderId, BillNumber bill) => Of(
        StatusCodes.Status409Conflict,
        "order-has-bill",
        "The order has a bill already.",
        $"Order {orderId} has bill {bill}, which is, or can still be, paid. Use that bill, or cancel it first.",
        ("bill", bill.ToString()));

    public static ProblemHttpResult IdempotencyKeyReused() => Of(
        StatusCodes.Status409Conflict,
        "idempotency-key-reused",
        "The Idempotency-Key stands for another request.",
        "The same Idempotency-Key came with another body before. Repeat a request unchanged, or give a new request a new key.",
        ("field", "Idempotency-Key"));

    public static ProblemHttpResult TooManyEndpoints(int most) => Of(
        StatusCodes.Status409Conflict, "too-many-endpoints", "There are too many endpoints.", $"At most {most} are kept: delete one first.");

    public static ProblemHttpResult NobodyToTell(string to) => Of(
        StatusCodes.Status409Conflict,
        "nobody-to-tell",
        "There is nobody to send it to.",
        to == "shopper"
            ? "The event is of no bill, or its bill has no shopper with a mail address or phone number."
            : "You have no webhook endpoint, or the event is one that only the shopper is told: say to=shopper.");

    public static ProblemHttpResult NotCancellable(BillNumber bill, Refusal why) => why switch
    {
        Refusal.BillPaid => Of(
            StatusCodes.Status409Conflict, "bill-paid", "The bill is paid.", $"Bill {bill} is PAID, which is final."),
        Refusal.BillExpired => Of(
            StatusCodes.Status409Conflict, "bill-expired", "The bill has expired.", $"Bill {bill} is EXPIRED: nobody can pay it any more."),
        Refusal.BillBeingPaid => Of(
            StatusCodes.Status409Conflict, "bill-being-paid", "The bill is being paid.", $"Bill {bill} is PAYING. Look again in a minute."),
        Refusal.BillHeld => Of(
            StatusCodes.Status409Conflict,
            "bill-held",
            "The bill is at a counter.",
            $"A store has just looked up bill {bill}; it may be paid any moment. Try again in three minutes."),
        _ => TryLater(),
    };

    public static ProblemHttpResult TooManySearches() => Of(
        StatusCodes.Status429TooManyRequests, "too-many-searches", "Too many look for stores.", "Try again in a few seconds.");

    public static ProblemHttpResult TryLater() => Of(
        StatusCodes.Status503ServiceUnavailable,
        "try-later",
        "This cannot be done right now.",
        "It is not certain whether it was done. Repeat the request unchanged, with its Idempotency-Key if it had one.");

    public static ProblemHttpResult Fault() => Of(
        StatusCodes.Status500InternalServerError,
        "fault",
        "This went wrong on our side.",
        "It is not certain whether it was done. Repeat the request unchanged, with its Idempotency-Key if it had one.");

    private static ProblemHttpResult Of(int status, string type, string title, string detail, (string Name, string Value)? more = null) =>
        TypedResults.Problem(
            detail,
            statusCode: status,
            title: title,
            type: TypePrefix + type,
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
                log.LogWarning(exception, "{Method} {Path}: try later.", httpContext.Request.Method, httpContext.GetEndpoint()?.DisplayName);
                httpContext.Response.Headers.RetryAfter = "5";
                await Problems.TryLater().ExecuteAsync(httpContext);
                return true;

            default:
                log.LogError(exception, "{Method} {Path} failed.", httpContext.Request.Method, httpContext.GetEndpoint()?.DisplayName);
                await Problems.Fault().ExecuteAsync(httpContext);
                return true;
        }
    }

    /// <summary>Nothing is wrong with the request or with us: the same again may well succeed.</summary>
    public static bool WillPass(Exception fault) => fault switch
    {
        PostgresException refused => refused.IsTransient || refused.SqlState.StartsWith(OperatorIntervention, StringComparison.Ordinal),
        NpgsqlException or TimeoutException or DatabaseAwayException or CommitUnknownException or CommitQueueFullException => true,
        _ => false,
    };
}
