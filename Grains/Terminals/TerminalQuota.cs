using Microsoft.Extensions.Options;

namespace Lakala.Grains.Terminals;

/// <summary>The limits of one terminal, against tests of stolen cards and against filling the books. A clerk never reaches them.</summary>
public sealed class TerminalQuotaOptions
{
    /// <summary>Payments and refunds, at once or spread over a minute.</summary>
    public int PaymentsPerMinute { get; set; } = 20;

    /// <summary>The same for other messages that may leave a row: enquiries and abandonments of unknown keys, sign-ons, reports of health.</summary>
    public int OthersPerMinute { get; set; } = 60;

    /// <summary>Batches, at once or spread over an hour.</summary>
    public int BatchesPerHour { get; set; } = 20;

    public sealed class Validator : IValidateOptions<TerminalQuotaOptions>
    {
        public ValidateOptionsResult Validate(string? name, TerminalQuotaOptions options) =>
            new[] { options.PaymentsPerMinute, options.OthersPerMinute, options.BatchesPerHour }.Min() >= 1
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail("Terminals: PaymentsPerMinute, OthersPerMinute and BatchesPerHour must be 1 or more.");
    }
}

/// <summary>Counts the requests of one terminal. The caller asks only for new keys: repeats are not counted.</summary>
public sealed class TerminalQuota(TerminalQuotaOptions options, TimeProvider time)
{
    // A terminal works on one batch, and closes older open ones.
    private const int MostRemembered = 16;

    private readonly TokenBucket _payments = new(options.PaymentsPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly TokenBucket _others = new(options.OthersPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly TokenBucket _batches = new(options.BatchesPerHour, TimeSpan.FromHours(1), time);
    private readonly Queue<int> _begun = [];

    /// <summary>A request other than a payment.</summary>
    public bool TryTake() => _others.TryTake();

    /// <summary>A request other than a payment, under a key of this batch.</summary>
    public bool TryTake(int batch) => !_others.IsEmpty && TryTakeBatch(batch) && _others.TryTake();

    public bool TryTakePayment(int batch) => !_payments.IsEmpty && TryTakeBatch(batch) && _payments.TryTake();

    /// <summary>Bounds the number of batches, not their numbers: a terminal that has lost its journal begins with a random one.</summary>
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
