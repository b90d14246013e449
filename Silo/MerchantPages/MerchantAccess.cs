using System.Security.Claims;
using System.Text.Encodings.Web;
using Lakala.Silo.Merchants;
using Lakala.Silo.Web;
using Lakala.Storage.Merchants;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.MerchantPages;

/// <summary>Who is at the merchants' pages.</summary>
internal static class MerchantAccess
{
    public const string Session = "MerchantSession";

    private const string PersonClaim = "person";

    public static AuthenticationTicket Ticket(MerchantUser user) => new(
        new ClaimsPrincipal(new ClaimsIdentity(
            [new Claim(ClaimTypes.NameIdentifier, user.Merchant.Id), new Claim(ClaimTypes.Name, user.Merchant.Name), new Claim(PersonClaim, user.Name)], Session)),
        Session);

    /// <summary>The person who asks; null: nobody has signed in.</summary>
    public static MerchantUser? Person(this ClaimsPrincipal user) =>
        user.FindFirstValue(PersonClaim) is { } name ? new MerchantUser(user.Merchant(), name) : null;

    /// <summary>Only people of a merchant pass, and each merchant within its quotas.</summary>
    public static TBuilder ForPeople<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.RequireAuthorization(new AuthorizationPolicyBuilder(Session).RequireClaim(PersonClaim).Build()).WithMetadata(new Counted());
}

/// <summary>A session, in a cookie, authenticates a person of a merchant.</summary>
internal sealed class MerchantAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logs,
    UrlEncoder encoder,
    MerchantUserRows users,
    [FromKeyedServices(MerchantAccess.Session)] SessionCookie cookie)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync() =>
        cookie.Read(Request) is { } token && await users.Find(token, Context.RequestAborted) is { } person
            ? AuthenticateResult.Success(MerchantAccess.Ticket(person))
            : AuthenticateResult.NoResult();

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        PageGuard.SendToSignIn(Context, $"{MerchantRoom.Root}/sign-in");
        return Task.CompletedTask;
    }
}
