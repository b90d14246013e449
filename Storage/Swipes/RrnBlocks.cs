using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Swipes;

/// <summary>
/// Retrieval reference numbers (field 37): twelve digits, never repeated. A silo takes a block of the month's numbers
/// at a time; the rest of a block is never used after the silo stops, or after a day, so that a month comes to its end.
/// </summary>
public sealed class RrnBlocks(NpgsqlDataSource database, TimeProvider time) : IRrnSource, IDisposable
{
    private const int BlockSize = 10_000;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly SemaphoreSlim _refill = new(1);
    private Block _block = new(0, 0, 0);

    public ValueTask<long> Next() => TryTake(out var rrn) ? new(rrn) : new(Refill());

    public void Dispose() => _refill.Dispose();

    private async Task<long> Refill()
    {
        await _refill.WaitAsync();
        try
        {
            long rrn;
            while (!TryTake(out rrn))
            {
                var first = BlockSize * await database.First(
                    "select next_rrn_block() as block", static row => row.Get<long>("block"), CancellationToken.None);
                _block = new Block(first, first + BlockSize, time.GetTimestamp());
            }

            return rrn;
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            throw new DatabaseAwayException("No retrieval reference number: the database cannot be reached.", fault);
        }
        finally
        {
            _refill.Release();
        }
    }

    private bool TryTake(out long rrn)
    {
        var block = _block;
        rrn = 0;
        return time.GetElapsedTime(block.Since) < Longest && block.TryTake(out rrn);
    }

    private sealed class Block(long next, long end, long since)
    {
        private long _next = next - 1;

        public long Since => since;

        public bool TryTake(out long rrn)
        {
            rrn = Interlocked.Increment(ref _next);
            return rrn < end;
        }
    }
}
