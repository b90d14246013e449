using System.Globalization;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>The approved payments of a batch: their number, and their sum in minor units.</summary>
public readonly record struct BatchTotals(int Count, long Amount)
{
    private const char Debit = 'D';

    // The number of STANs of a batch.
    private const int MostPayments = 999_999;

    // For the cardholder a payment is a debit. Credits and reversed payments do not exist yet: their fields are zeros.
    internal Iso8583Message AddTo(Iso8583Message message)
    {
        foreach (var none in (int[])[74, 75, 77, 86, 87, 89])
        {
            message.Set(none, 0);
        }

        return message.Set(76, Count).Set(88, Amount).Set(97, string.Create(CultureInfo.InvariantCulture, $"{Debit}{Amount:D16}"));
    }

    /// <exception cref="Iso8583Exception">A field is absent, 76 is more than a batch can have, or 97 is not the sum of the others.</exception>
    internal static BatchTotals ReadFrom(Iso8583Message message)
    {
        var count = message.RequireNumber(76);
        if (count > MostPayments)
        {
            throw new Iso8583Exception(76, "counts more payments than a batch can have");
        }

        var totals = new BatchTotals((int)count, message.RequireNumber(88));
        return message.Require(97) == string.Create(CultureInfo.InvariantCulture, $"{Debit}{totals.Amount:D16}")
            ? totals
            : throw new Iso8583Exception(97, "is not what the totals come to");
    }
}

/// <summary>An approved payment of a batch.</summary>
/// <param name="Amount">Minor units.</param>
public readonly record struct BatchEntry(int Stan, long Amount);

/// <summary>0500: the terminal closes a batch with its own totals. It may be repeated.</summary>
/// <param name="ListAfter">After totals that differ: asks for the server's payments after this STAN. Null: only the totals.</param>
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
/// <param name="List">The server's approved payments after the STAN that was asked for, by STAN, at most <see cref="BatchLimits.MostListed"/>.</param>
public sealed record BatchCloseAnswer(Origin To, Verdict Verdict, int Batch, BatchTotals? Totals, IReadOnlyList<BatchEntry> List)
{
    private const int StanLength = 6, EntryLength = StanLength + 12;

    public Iso8583Message ToIso()
    {
        var list = List.Count == 0 ? null : string.Concat(List.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Stan:D6}{entry.Amount:D12}")));
        var message = To.On(Mti.BatchCloseAnswer).Set(39, Verdict.Code).Set(
            48, Verdict.AddTo(new PrivateData().Add(Tags.Batch, Field.Batch(Batch)).Add(Tags.BatchList, list)).ToBytes());
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
            ReadList(data[Tags.BatchList] ?? ""));
    }

    private static List<BatchEntry> ReadList(string list)
    {
        if (list.Length % EntryLength != 0 || list.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            throw new Iso8583Exception(48, $"holds no list in the element {Tags.BatchList}");
        }

        return [.. list.Chunk(EntryLength).Select(entry => new BatchEntry(
            int.Parse(entry.AsSpan(0, StanLength), CultureInfo.InvariantCulture), long.Parse(entry.AsSpan(StanLength), CultureInfo.InvariantCulture)))];
    }
}
