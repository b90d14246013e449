using System.Security.Claims;
using System.Text.Encodings.Web;
using Lakala.Grains;
using Lakala.Grains.Terminals;
using Lakala.Silo.Web;
using Lakala.Storage.Operators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Ops;

/// <summary>The cookie in which a session at <c>/ops</c> lives: the browser sends it from no other site's pages, and no script sees it.</summary>
internal sealed class SessionCookie(IOptions<HttpOptions> http)
{
    private readonly bool _isSecure = http.Value.PublicUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase);

    // Over HTTPS the name itself forbids that another host sets it.
    private string Name => _isSecure ? "__Host-lakala-ops" : "lakala-ops";

    public string? Read(HttpRequest request) => request.Cookies[Name] is { Length: > 0 } token ? token : null;

    public void Write(HttpResponse response, string token) => response.Cookies.Append(Name, token, Options());

    public void Delete(HttpResponse response) => response.Cookies.Delete(Name, Options());

    private CookieOptions Options() => new() { HttpOnly = true, Secure = _isSecure, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };
}

/// <summary>Who is at the pages under <c>/ops</c>.</summary>
internal sealed class SessionAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, OperatorRows operators, SessionCookie cookie)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    public const string SchemeName = "Session";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync() =>
        cookie.Read(Request) is { } token && await operators.Find(token, !OpsPages.IsByItself(Request), Context.RequestAborted) is { } person
            ? AuthenticateResult.Success(Operators.Ticket(person, SchemeName))
            : AuthenticateResult.NoResult();

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.CacheControl = "no-store";
        if (HttpMethods.IsGet(Request.Method))
        {
            Response.StatusCode = StatusCodes.Status303SeeOther;
            Response.Headers.Location = $"{OpsPages.Root}/sign-in?to={Uri.EscapeDataString(Request.Path + Request.QueryString)}";
        }
        else
        {
            Response.StatusCode = StatusCodes.Status401Unauthorized;
        }

        return Task.CompletedTask;
    }
}

/// <summary><c>Authorization: Bearer</c> with an admin key says which program is asking under <c>/v1/admin</c>.</summary>
internal sealed class AdminKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, OperatorRows operators)
    : BearerAuthentication(options, logs, encoder)
{
    public const string SchemeName = "AdminKey";

    protected override async Task<AuthenticateResult> Authenticate(string key) =>
        await operators.Authenticate(key, Context.RequestAborted) is { } program ? AuthenticateResult.Success(Operators.Ticket(program, SchemeName))
        : AuthenticateResult.Fail("No such admin key.");

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => Problems.NotAllowed().ExecuteAsync(Context);
}

internal static class Operators
{
    public static AuthenticationTicket Ticket(Operator person, string scheme) => new(
        new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, person.Name), new Claim(ClaimTypes.Role, Operator.Text(person.Role))], scheme)), scheme);

    /// <summary>Whoever asks for an operators' page or at their API.</summary>
    public static Operator AsOperator(this ClaimsPrincipal user) =>
        Operator.Parse(user.FindFirstValue(ClaimTypes.Role)) is { } role
            ? new Operator(user.FindFirstValue(ClaimTypes.Name) ?? "", role)
            : throw new InvalidOperationException("The endpoint asks for no operator.");

    /// <summary>Only those of this role or a higher one pass, by the scheme's way to say who they are.</summary>
    public static TBuilder For<TBuilder>(this TBuilder endpoint, OperatorRole least, string scheme)
        where TBuilder : IEndpointConventionBuilder => endpoint.RequireAuthorization(new AuthorizationPolicyBuilder(scheme)
            .RequireAssertion(asked => Operator.Parse(asked.User.FindFirstValue(ClaimTypes.Role)) >= least).Build());
}

/// <summary>
/// Limits the guessing of passwords: wrong ones for each name, and tries from each source, in a window of time. Names share a bounded
/// number of counters, by a hash that is seeded at random in each process, so that nobody can choose a counter. Each silo counts for itself.
/// </summary>
internal sealed class SignInLimits(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ushort, SignInThrottle> _throttles = [];
    private readonly Dictionary<ushort, TokenBucket> _sources = [];

    /// <summary>So many tries from one source within the time, whatever the names.</summary>
    internal const int TriesPerSource = 30;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>Counted before the work, so that many at once are not more than so many.</summary>
    /// <returns>False: not now.</returns>
    public bool Enter(string name, string source)
    {
        lock (_lock)
        {
            var throttle = Of(name);
            if (!SourceOf(source).TryTake() || !throttle.Accept())
            {
                return false;
            }

            throttle.Failed();
            return true;
        }
    }

    /// <summary>The password was right: neither the name nor the source has used up a try.</summary>
    public void Succeeded(string name, string source)
    {
        lock (_lock)
        {
            Of(name).Succeeded();
            SourceOf(source).Return();
        }
    }

    /// <summary>The password was not looked at: the name has used up no try, and the source one.</summary>
    public void NotTried(string name)
    {
        lock (_lock)
        {
            Of(name).Succeeded();
        }
    }

    private TokenBucket SourceOf(string source)
    {
        var counter = unchecked((ushort)string.GetHashCode(source, StringComparison.Ordinal));
        if (!_sources.TryGetValue(counter, out var bucket))
        {
            _sources[counter] = bucket = new TokenBucket(TriesPerSource, Window, time);
        }

        return bucket;
    }

    private SignInThrottle Of(string name)
    {
        var counter = unchecked((ushort)string.GetHashCode(name, StringComparison.Ordinal));
        if (!_throttles.TryGetValue(counter, out var throttle))
        {
            _throttles[counter] = throttle = new SignInThrottle(time);
        }

        return throttle;
    }
}
