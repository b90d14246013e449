using System.Globalization;
using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>0100: asks what is owed under a bill number.</summary>
/// <param name="Bill">Fourteen digits as they were keyed in.</param>
public sealed record LookupRequest(Origin From, int Batch, string Bill, int KeySet)
{
    public Iso8583Message ToIso() => From.On(Mti.LookupRequest).Set(3, ProcessingCode.Lookup).Set(53, SecurityControl.Compose(KeySet)).Set(48, new PrivateData()
        .Add(Tags.Batch, Field.Batch(Batch))
        .Add(Tags.BillNumber, Bill)
        .ToBytes());

    public static LookupRequest FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new LookupRequest(
            Origin.ReadFrom(message), Field.BatchOf(data), Field.BillOf(data), SecurityControl.KeySetOf(message));
    }
}

/// <summary>0110. Amount and what follows are there when the code is 00.</summary>
/// <param name="Amount">Minor units.</param>
/// <param name="TimeLeft">Whole seconds; after them the bill may expire.</param>
/// <param name="Guarantee">Null: the merchant gets the money at once.</param>
/// <param name="IsFeeKept">A refund is in full in any case; when this is true, store and platform keep the fee for the payment.</param>
public sealed record LookupAnswer(
    Origin To, Verdict Verdict, string Bill, long? Amount, int? Currency, string? Payee, string? Description, string? OrderId, TimeSpan? TimeLeft,
    Guarantee? Guarantee = null, bool IsFeeKept = false)
{
    private const int MaxTextBytes = 180;
    private const string Kept = "1";

    public Iso8583Message ToIso()
    {
        var message = To.On(Mti.LookupAnswer).Set(3, ProcessingCode.Lookup).Set(39, Verdict.Code).Set(48, Verdict.AddTo(new PrivateData()
            .Add(Tags.BillNumber, Bill)
            .AddText(Tags.Payee, Payee, MaxTextBytes)
            .AddText(Tags.Description, Description, MaxTextBytes)
            .AddText(Tags.OrderId, OrderId, MaxTextBytes)
            .Add(Tags.TimeLeft, TimeLeft is { } left ? ((long)left.TotalSeconds).ToString(CultureInfo.InvariantCulture) : null)
            .Add(Tags.Guarantee, Guarantee?.ToString())
            .Add(Tags.FeeKept, IsFeeKept ? Kept : null)).ToBytes());
        return Amount is { } amount ? message.Set(4, amount).Set(49, Currency!.Value) : message;
    }

    public static LookupAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new LookupAnswer(
            Origin.ReadFrom(message),
            Verdict.ReadFrom(message, data),
            data.Require(Tags.BillNumber),
            message.Has(4) ? message.RequireNumber(4) : null,
            message.Has(4) ? (int)message.RequireNumber(49) : null,
            data[Tags.Payee],
            data[Tags.Description],
            data[Tags.OrderId],
            data[Tags.TimeLeft] is null ? null : TimeSpan.FromSeconds(data.RequireNumber(Tags.TimeLeft)),
            Wire.Terminal.Guarantee.ReadFrom(data),
            IsFeeKeptBy(data));
    }

    // A wrong value must not be shown as if nothing had been said.
    private static bool IsFeeKeptBy(PrivateData data) => data[Tags.FeeKept] switch
    {
        null => false,
        Kept => true,
        _ => throw new Iso8583Exception(48, $"holds something else than {Kept} in the element {Tags.FeeKept}"),
    };
}
