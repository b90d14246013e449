namespace Lakala.Silo.Web;

/// <summary>Metadata of a route: checks a request whose caller is known, before its body is read.</summary>
internal interface IEntryCheck
{
    /// <returns>The answer to a request that is refused; null: it goes on.</returns>
    IResult? Refuse(HttpContext context);
}

internal static class EntryChecks
{
    /// <summary>Runs the last check that the route names. Comes after authorisation.</summary>
    public static IApplicationBuilder UseEntryChecks(this IApplicationBuilder app) => app.Use(static (context, next) =>
        context.GetEndpoint()?.Metadata.GetMetadata<IEntryCheck>()?.Refuse(context) is { } refusal ? refusal.ExecuteAsync(context) : next(context));
}
