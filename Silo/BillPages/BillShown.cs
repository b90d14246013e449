using Lakala.Rules.Bills;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Vocabulary;

namespace Lakala.Silo.BillPages;

/// <summary>A bill in the form in which its shopper reads it.</summary>
/// <param name="PaidIn">The store where it was paid, by name.</param>
public sealed record BillShown(BillRow Row, Texts Texts, string? PaidIn = null)
{
    public string State => StateNames.Format(Row.Bill.State);

    public bool IsFinal => Row.Bill.State is BillState.Paid or BillState.Expired or BillState.Cancelled;

    public string Title => $"{Texts.States(Row.Bill.State).Headline} · {Amount} · {Row.MerchantName}";

    public string Number => Row.BillNumber.ToString();

    /// <summary>In groups for reading aloud: 4-4-4-2.</summary>
    public IEnumerable<string> Groups => BillNumber.Groups(Number);

    public string Amount => "¥" + Money.Figure(Row.Bill.Amount.Minor);

    /// <summary>The parts of an amount between which a line may break: after the thousands.</summary>
    public IEnumerable<string> AmountPieces => Amount.Split(',').Select((piece, i) => i < Amount.Count(',') ? piece + "," : piece);

    public Drawing Barcode => Code128.Draw(Number);

    public Drawing Qr => QrCode.Draw(Number);

    public static string Machine(DateTimeOffset time) => Rfc3339.ToSeconds(time);
}
