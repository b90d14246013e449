using Microsoft.AspNetCore.Http.HttpResults;

namespace Lakala.Silo.Web;

internal static class Paging
{
    public const int UsualSize = 20;

    public const int MaxSize = 100;

    public static ProblemHttpResult? Refuse(int? limit) =>
        limit is null or (>= 1 and <= MaxSize) ? null : Problems.Invalid("limit", $"limit must be an integer from 1 to {MaxSize}.");

    public static ProblemHttpResult UnknownCursor() =>
        Problems.Invalid("cursor", "cursor is not one that a list has given.");
}
