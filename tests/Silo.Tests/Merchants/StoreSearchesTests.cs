using Lakala.Silo.Merchants;
using Microsoft.AspNetCore.Http;

namespace Lakala.Silo.Tests.Merchants;

/// <summary>The bound of searches for stores at once.</summary>
public sealed class StoreSearchesTests : IDisposable
{
    private readonly StoreSearches _searches = new();
    private readonly TaskCompletionSource<object?> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _begun;

    public void Dispose() => _searches.Dispose();

    [Fact]
    public async Task Searches_above_the_bound_wait_and_those_above_the_queue_are_refused_at_once()
    {
        var searches = Enumerable.Range(0, StoreSearches.AtOnce + StoreSearches.Queued).Select(_ => Search(CancellationToken.None)).ToArray();
        _begun.Should().Be(StoreSearches.AtOnce);

        (await Search(CancellationToken.None)).Should().BeAssignableTo<IStatusCodeHttpResult>().Which.StatusCode.Should().Be(429);

        _end.SetResult("found");
        (await Task.WhenAll(searches)).Should().OnlyContain(static found => (string?)found == "found");
        (await Search(CancellationToken.None)).Should().Be("found");
    }

    [Fact]
    public async Task Who_leaves_the_queue_makes_room_in_it()
    {
        var running = Enumerable.Range(0, StoreSearches.AtOnce + StoreSearches.Queued - 1).Select(_ => Search(CancellationToken.None)).ToArray();
        using var leaves = new CancellationTokenSource();
        var leaving = Search(leaves.Token);
        await leaves.CancelAsync();
        await FluentActions.Awaiting(() => leaving).Should().ThrowAsync<OperationCanceledException>();

        var comes = Search(CancellationToken.None);
        _end.SetResult("found");

        (await comes).Should().Be("found");
        await Task.WhenAll(running);
    }

    private Task<object?> Search(CancellationToken aborted)
    {
        var context = new DefaultHttpContext { RequestAborted = aborted };
        return _searches.InvokeAsync(EndpointFilterInvocationContext.Create(context), _ =>
        {
            Interlocked.Increment(ref _begun);
            return new ValueTask<object?>(_end.Task);
        }).AsTask();
    }
}
