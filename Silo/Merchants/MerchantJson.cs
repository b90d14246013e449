using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Lakala.Silo.Merchants;

/// <summary>Answers whose JSON is made already, because it is the same that notices have.</summary>
internal static class MerchantJson
{
    public static ContentHttpResult Result(string json, int status = StatusCodes.Status200OK) => TypedResults.Text(json, "application/json", Encoding.UTF8, status);

    public static ContentHttpResult List(IEnumerable<string> data, string? nextCursor) =>
        Result($$"""{"data":[{{string.Join(',', data)}}]{{(nextCursor is null ? "" : $",\"next_cursor\":\"{nextCursor}\"")}}}""");
}
