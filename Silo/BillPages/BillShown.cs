using System.Globalization;
using Lakala.Rules.Bills;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Claims;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Silo.BillPages;

/// <summary>A bill in the form in which its shopper reads it.</summary>
/// <param name="PaidIn">The store where it was paid, by name.</param>
/// <param name="Refunds">Oldest first.</param>
/// <param name="Claims">Oldest first.</param>
public sealed record BillShown(
    BillRow Row, Texts Texts, string? PaidIn = null, IReadOnlyList<RefundRow>? Refunds = null, IReadOnlyList<ClaimRow>? Claims = null)
{
    public string State => StateNames.Format(Row.Bill.State);

    /// <summary>True: nothing that the page shows changes any more without her. A refund may still be made of a paid bill; then she gets a notice.</summary>
    public bool IsFinal => Row.Bill.State is BillState.Expired or BillState.Cancelled || (Row.Bill.State == BillState.Paid && Row.Trade is null or { IsOver: true } && Claims is not [.., { Claim.IsOver: false }]);

    /// <summary>Changes with everything that a page shows live.</summary>
    public string Version => string.Create(CultureInfo.InvariantCulture, $"{State} {Row.Trade?.Moves} {Row.Refunded} {Claims?.Sum(static claim => claim.Claim.Moves)}");

    public string Title => $"{Texts.States(Row.Bill.State).Headline} · {Amount} · {Row.MerchantName}";

    public string Number => Row.BillNumber.ToString();

    /// <summary>In groups for reading aloud: 4-4-4-2.</summary>
    public IEnumerable<string> Groups => BillNumber.Groups(Number);

    public string Amount => Yuan(Row.Bill.Amount.Minor);

    /// <summary>The parts of an amount between which a line may break: after the thousands.</summary>
    public static IEnumerable<string> Pieces(string amount) => amount.Split(',').Select((piece, i) => i < amount.Count(',') ? piece + "," : piece);

    public Drawing Barcode => Code128.Draw(Number);

    public Drawing Qr => QrCode.Draw(Number);

    /// <param name="minor">Fen.</param>
    public static string Yuan(long minor) => "¥" + Money.Figure(minor);

    public static string Machine(DateTimeOffset time) => Rfc3339.ToSeconds(time);
}
