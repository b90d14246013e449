using System.Security.Claims;
using System.Text.Encodings.Web;
using Lakala.Grains.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Merchants;

/// <summary><c>Authorization: Bearer</c> with an API key says which merchant is asking.</summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, MerchantStore merchants)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    public const string SchemeName = "ApiKey";

    private const string Prefix = "Bearer ";

    /// <returns>Null: the request brings none.</returns>
    public static string? Presented(HttpRequest request) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? header[Prefix.Length..].Trim() : null;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Presented(Request) is not { } key)
        {
            return AuthenticateResult.NoResult();
        }

        if (await merchants.Authenticate(key, Context.RequestAborted) is not { } merchant)
        {
            return AuthenticateResult.Fail("No such API key.");
        }

        var identity = new ClaimsIdentity(
            [new Claim(ClaimTypes.NameIdentifier, merchant.Id), new Claim(ClaimTypes.Name, merchant.Name)], SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        await Problems.NotAuthenticated(isKeyWrong: (await HandleAuthenticateOnceSafeAsync()).Failure is not null).ExecuteAsync(Context);
    }
}

internal static class Caller
{
    /// <summary>The merchant whose key came with the request.</summary>
    public static Merchant Merchant(this ClaimsPrincipal user) => new(
        user.FindFirstValue(ClaimTypes.NameIdentifier) ?? throw new InvalidOperationException("The endpoint does not ask for a key."),
        user.FindFirstValue(ClaimTypes.Name) ?? string.Empty);
}
