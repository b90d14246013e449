using System.Buffers;
using System.Text;
using System.Text.Json;
using Lakala.Rules.Refunds;
using Lakala.Storage;
using Lakala.Storage.Refunds;
using Lakala.Vocabulary;

namespace Lakala.Grains.Notices;

/// <summary>The only JSON form of a refund, for the merchant API and the data of its events.</summary>
public static class RefundView
{
    public static string Json(RefundRow refund)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, BillView.Options))
        {
            Write(json, refund);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, RefundRow refund)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Rrn.ToText(refund.Rrn));
        json.WriteString("bill"u8, refund.BillNumber.ToString());
        json.WriteString("status"u8, StateNames.Format(refund.State));
        json.WriteNumber("amount"u8, refund.Amount.Minor);
        json.WriteString("currency"u8, refund.Amount.Currency);
        if (refund.Reason is { } reason)
        {
            json.WriteString("reason"u8, reason);
        }

        if (refund.Store is { } store)
        {
            json.WriteString("store"u8, store);
        }

        BillView.WriteTime(json, "created_at"u8, refund.CreatedAt);
        if (refund.FinishedAt is { } finishedAt)
        {
            BillView.WriteTime(json, "finished_at"u8, finishedAt);
        }

        if (refund is { State: RefundState.Declined, ResponseCode: { } code })
        {
            json.WriteString("response_code"u8, code);
        }

        if (refund.IsSettled is { } isSettled)
        {
            json.WriteString("decision"u8, isSettled ? "made"u8 : "pending"u8);
        }

        if (refund.IsPaidOtherwise)
        {
            json.WriteBoolean("paid_otherwise"u8, true);
        }

        json.WriteEndObject();
    }
}
