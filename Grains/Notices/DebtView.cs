using System.Buffers;
using System.Text;
using System.Text.Json;
using Lakala.Storage.Claims;
using Lakala.Vocabulary;

namespace Lakala.Grains.Notices;

/// <summary>The data of the event that tells a merchant of a debt.</summary>
public static class DebtView
{
    public static string Json(NewDebt debt)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, BillView.Options))
        {
            Write(json, debt);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, NewDebt debt)
    {
        json.WriteStartObject();
        json.WriteString("refund"u8, Rrn.ToText(debt.Refund.Rrn));
        if (debt.Claim is { } claim)
        {
            json.WriteString("claim"u8, Rrn.ToText(claim));
        }

        json.WriteString("bill"u8, debt.Refund.BillNumber.ToString());
        json.WriteNumber("amount"u8, debt.Refund.Amount.Minor);
        json.WriteString("currency"u8, debt.Refund.Amount.Currency);
        json.WriteNumber("owed"u8, debt.Owed);
        json.WriteEndObject();
    }
}
