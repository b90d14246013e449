using Microsoft.AspNetCore.Http.HttpResults;

namespace Lakala.Silo.Web;

/// <summary>An argument of a handler that knows already that the request cannot be served.</summary>
internal interface IMayBeRefused
{
    ProblemHttpResult? Refusal { get; }
}

internal static class RefusedArguments
{
    /// <summary>A filter of routes: the first refused argument's problem is the answer, and the handler does not run.</summary>
    public static async ValueTask<object?> Answer(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.Arguments.OfType<IMayBeRefused>().FirstOrDefault(static argument => argument.Refusal is not null)?.Refusal
        ?? await next(context);
}
