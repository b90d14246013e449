using System.Threading.RateLimiting;
using Lakala.Silo.Web;

namespace Lakala.Silo.Merchants;

/// <summary>
/// Bounds the searches for stores at once, with a short queue: the callers are unknown, and a proxy hides their addresses. The framework's
/// middleware for it would look at its limiters ten times a second.
/// </summary>
internal sealed class StoreSearches : IEndpointFilter, IDisposable
{
    internal const int AtOnce = 16, Queued = 256;

    private readonly ConcurrencyLimiter _searches = new(new ConcurrencyLimiterOptions { PermitLimit = AtOnce, QueueLimit = Queued });

    public void Dispose() => _searches.Dispose();

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        using var search = await _searches.AcquireAsync(1, context.HttpContext.RequestAborted);
        return search.IsAcquired ? await next(context) : Problems.TooManySearches();
    }
}
