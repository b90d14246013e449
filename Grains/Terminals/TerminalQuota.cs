using Microsoft.Extensions.Options;

namespace Lakala.Grains.Terminals;

/// <summary>How much one terminal may begin, so that nobody tries cards or fills the books through one. No clerk comes near it.</summary>
public sealed class TerminalQuotaOptions
{
    /// <summary>Payments, at once or spread over a minute.</summary>
    public int PaymentsPerMinute { get; set; } = 20;

    /// <summary>The same of everything else that may be written down: enquiries and abandonments of unknown keys, sign-ons, reports of health.</summary>
    public int OthersPerMinute { get; set; } = 60;

    /// <summary>Batches, at once or spread over an hour.</summary>
    public int BatchesPerHour { get; set; } = 20;

    public sealed class Validator : IValidateOptions<TerminalQuotaOptions>
    {
        public ValidateOptionsResult Validate(string? name, TerminalQuotaOptions options) =>
            new[] { options.PaymentsPerMinute, options.OthersPerMinute, options.BatchesPerHour }.Min() >= 1
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail("Terminals: PaymentsPerMinute, OthersPerMinute and BatchesPerHour are 1 or more.");
    }
}

/// <summary>Counts what one terminal begins. What it has begun before is not counted again: the caller asks for new things alone.</summary>
public sealed class TerminalQuota(TerminalQuotaOptions options, TimeProvider time)
{
    // A terminal works on one batch, and closes what it has left open of others.
    private const int MostRemembered = 16;

    private readonly TokenBucket _payments = new(options.PaymentsPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly TokenBucket _others = new(options.OthersPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly TokenBucket _batches = new(options.BatchesPerHour, TimeSpan.FromHours(1), time);
    private readonly Queue<int> _begun = [];

    /// <summary>Something else than a payment.</summary>
    public bool TryTake() => _others.TryTake();

    /// <summary>Something else than a payment, under a key of this batch.</summary>
    public bool TryTake(int batch) => !_others.IsEmpty && TryTakeBatch(batch) && _others.TryTake();

    public bool TryTakePayment(int batch) => !_payments.IsEmpty && TryTakeBatch(batch) && _payments.TryTake();

    /// <summary>Any number may be the next batch, since a terminal that has lost its journal begins anywhere; only how many there are is bounded.</summary>
    public bool TryTakeBatch(int batch)
    {
        if (_begun.Contains(batch))
        {
            return true;
        }

        if (!_batches.TryTake())
        {
            return false;
        }

        if (_begun.Count == MostRemembered)
        {
            _begun.Dequeue();
        }

        _begun.Enqueue(batch);
        return true;
    }
}
