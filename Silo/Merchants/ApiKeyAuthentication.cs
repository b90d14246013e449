using System.Security.Claims;
using System.Text.Encodings.Web;
using Lakala.Silo.Web;
using Lakala.Storage.Merchants;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Merchants;

/// <summary>An API key authenticates the merchant.</summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, ApiKeyRows keys)
    : BearerAuthentication(options, logs, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string KeyIdClaim = "key_id";

    protected override async Task<AuthenticateResult> Authenticate(string key)
    {
        if (await keys.Authenticate(key, Context.RequestAborted) is not { } holder)
        {
            return AuthenticateResult.Fail("No such API key.");
        }

        var identity = new ClaimsIdentity(
            [
                new Claim(ClaimTypes.NameIdentifier, holder.Merchant.Id), new Claim(ClaimTypes.Name, holder.Merchant.Name),
                new Claim(KeyIdClaim, holder.KeyId),
            ],
            SchemeName);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }
}

internal static class Caller
{
    /// <summary>The merchant whose key came with the request.</summary>
    public static Merchant Merchant(this ClaimsPrincipal user) => new(
        user.FindFirstValue(ClaimTypes.NameIdentifier) ?? throw new InvalidOperationException("The endpoint does not ask for a key."),
        user.FindFirstValue(ClaimTypes.Name) ?? string.Empty);

    /// <summary>The id of that key.</summary>
    public static string KeyId(this ClaimsPrincipal user) =>
        user.FindFirstValue(ApiKeyAuthentication.KeyIdClaim) ?? throw new InvalidOperationException("The endpoint does not ask for a key.");
}
