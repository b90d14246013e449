using System.Security.Cryptography;
using System.Text;
using Lakala.Silo.Web;
using Lakala.Storage.Bills;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Lakala.Silo.Merchants;

/// <summary>A merchant's name for a request that makes something: a repeat of the same request gets the first answer again.</summary>
internal static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";
    public const int Most = 255;
    public const string Description = "A name of your own for this request: 1 to 255 visible ASCII characters.";

    /// <returns>Null: the key is good, or there is none.</returns>
    public static ProblemHttpResult? Refuse(string? key, HttpRequest request) =>
        key is null || (request.Headers[Header].Count == 1 && key.Length is > 0 and <= Most && !key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            ? null
            : Problems.Invalid(Header, $"{Header} must be one header of 1 to {Most} visible ASCII characters.");

    /// <summary>The hash of a request whose body alone does not say what it is about.</summary>
    public static byte[] Hash(string address, byte[] body) => SHA256.HashData([.. Encoding.UTF8.GetBytes(address), 0, .. body]);

    /// <summary>The first answer again; a problem when the key stands for another request.</summary>
    public static IResult Repeat(KeptAnswer kept, byte[] hash, HttpResponse response, Func<string, string> toLocation)
    {
        if (!kept.RequestHash.AsSpan().SequenceEqual(hash))
        {
            return Problems.IdempotencyKeyReused();
        }

        response.Headers["Idempotent-Replayed"] = "true";
        response.Headers.Location = toLocation(kept.Response);
        return MerchantJson.Result(kept.Response, kept.Status);
    }
}
