using System.Globalization;
using System.Text.Json.Serialization;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>The approved payments of a batch, and the refunds that were made in it: their numbers, and their sums in minor units.</summary>
public readonly record struct BatchTotals(int Count, long Amount, int Refunds = 0, long Refunded = 0)
{
    // The number of STANs of a batch.
    private const int MostEntries = 999_999;

    /// <summary>What the batch has moved, each with its STAN and its signed amount.</summary>
    public static BatchTotals Sum(IReadOnlyCollection<BatchEntry> entries) => new(
        entries.Count(static entry => !entry.IsRefund),
        entries.Where(static entry => !entry.IsRefund).Sum(static entry => entry.Amount),
        entries.Count(static entry => entry.IsRefund),
        -entries.Where(static entry => entry.IsRefund).Sum(static entry => entry.Amount));

    // For the cardholder a payment is a debit and a refund a credit. Reversed ones do not exist: their fields are zeros.
    private string Net => string.Create(CultureInfo.InvariantCulture, $"{(Amount >= Refunded ? 'D' : 'C')}{Math.Abs(Amount - Refunded):D16}");

    internal Iso8583Message AddTo(Iso8583Message message)
    {
        foreach (var none in (int[])[75, 77, 87, 89])
        {
            message.Set(none, 0);
        }

        return message.Set(74, Refunds).Set(76, Count).Set(86, Refunded).Set(88, Amount).Set(97, Net);
    }

    /// <exception cref="Iso8583Exception">A field is absent, 74 or 76 is more than a batch can have, or 97 is not the sum of the others.</exception>
    internal static BatchTotals ReadFrom(Iso8583Message message)
    {
        var totals = new BatchTotals(CountIn(message, 76), message.RequireNumber(88), CountIn(message, 74), message.RequireNumber(86));
        return message.Require(97) == totals.Net ? totals : throw new Iso8583Exception(97, "is not what the totals come to");
    }

    private static int CountIn(Iso8583Message message, int field) => message.RequireNumber(field) is var count and <= MostEntries
        ? (int)count
        : throw new Iso8583Exception(field, "counts more than a batch can have");
}

/// <summary>An approved payment of a batch, or a refund that was made in it.</summary>
/// <param name="Amount">Minor units; of a refund below 0.</param>
public readonly record struct BatchEntry(int Stan, long Amount)
{
    [JsonIgnore]
    public bool IsRefund => Amount < 0;
}

/// <summary>0500: the terminal closes a batch with its own totals. It may be repeated.</summary>
/// <param name="ListAfter">After totals that differ: asks for the server's payments and refunds after this STAN. Null: only the totals.</param>
public sealed record BatchCloseRequest(Origin From, int Batch, BatchTotals Totals, int KeySet, int? ListAfter = null)
{
    public Iso8583Message ToIso() => Totals.AddTo(From.On(Mti.BatchClose))
        .Set(48, new PrivateData()
            .Add(Tags.Batch, Field.Batch(Batch))
            .Add(Tags.ListAfter, ListAfter?.ToString("D6", CultureInfo.InvariantCulture))
            .ToBytes())
        .Set(53, SecurityControl.Compose(KeySet));

    public static BatchCloseRequest FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new BatchCloseRequest(
            Origin.ReadFrom(message),
            Field.BatchOf(data),
            BatchTotals.ReadFrom(message),
            SecurityControl.KeySetOf(message),
            data[Tags.ListAfter] is null ? null : data.RequireNumber(Tags.ListAfter));
    }
}

/// <summary>0510: 00 the totals agree, 95 they differ; either way the batch is closed. Anything else: it is not.</summary>
/// <param name="Totals">The server's; absent unless the batch is closed.</param>
/// <param name="List">The server's payments and refunds after the STAN that was asked for, by STAN, at most <see cref="BatchLimits.MostListed"/>.</param>
public sealed record BatchCloseAnswer(Origin To, Verdict Verdict, int Batch, BatchTotals? Totals, IReadOnlyList<BatchEntry> List)
{
    private const int StanLength = 6, EntryLength = StanLength + 12;

    public Iso8583Message ToIso()
    {
        var message = To.On(Mti.BatchCloseAnswer).Set(39, Verdict.Code).Set(
            48, Verdict.AddTo(new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).Add(Tags.BatchList, ListOf(false)).Add(Tags.RefundList, ListOf(true))).ToBytes());
        return Totals is { } totals ? totals.AddTo(message) : message;
    }

    public static BatchCloseAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new BatchCloseAnswer(
            Origin.ReadFrom(message),
            Verdict.ReadFrom(message, data),
            Field.BatchOf(data),
            message.Has(76) ? BatchTotals.ReadFrom(message) : null,
            [.. ReadList(data, Tags.BatchList, sign: 1).Concat(ReadList(data, Tags.RefundList, sign: -1)).OrderBy(static entry => entry.Stan)]);
    }

    private string? ListOf(bool areRefunds) =>
        string.Concat(List.Where(entry => entry.IsRefund == areRefunds).Select(static entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Stan:D6}{Math.Abs(entry.Amount):D12}")))
            is { Length: > 0 } list ? list : null;

    private static IEnumerable<BatchEntry> ReadList(PrivateData data, string tag, int sign)
    {
        var list = data[tag] ?? "";
        return list.Length % EntryLength == 0 && !list.AsSpan().ContainsAnyExceptInRange('0', '9')
            ? list.Chunk(EntryLength).Select(entry => new BatchEntry(
                int.Parse(entry.AsSpan(0, StanLength), CultureInfo.InvariantCulture), sign * long.Parse(entry.AsSpan(StanLength), CultureInfo.InvariantCulture)))
            : throw new Iso8583Exception(48, $"holds no list in the element {tag}");
    }
}
