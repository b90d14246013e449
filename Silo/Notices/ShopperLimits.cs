using System.Security.Cryptography;
using System.Text;
using Lakala.Storage.Bills;
using Lakala.Storage.Notices;
using Lakala.Vocabulary;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Notices;

/// <summary>How many notices a merchant may have sent to shoppers.</summary>
internal sealed record ShopperQuotas(NoticeQuotas Mail, NoticeQuotas Sms);

/// <summary>
/// The limits of notices to shoppers. The merchant chooses the addresses, so without them a key could send mails in our name and SMS
/// at our cost to anybody. Notices of trades and claims begin and end the times that a shopper has to act in. They are counted for their paid bill
/// alone, so that nothing else which the merchant sends can keep one of them from her.
/// </summary>
internal sealed class ShopperLimits(QuotaRows counts, ShopperQuotas most, IOptions<SmsOptions> sms)
{
    /// <summary>Why the notice is not sent, as a text for the merchant; null: it is counted, once for all of its tries, and may be sent.</summary>
    public async Task<string?> WhyNot(Notice notice)
    {
        if (notice.Bill is not { } bill || AddressOf(notice.Receiver, bill) is not { } address)
        {
            return null;
        }

        if (notice.Receiver == ShopperReceivers.Sms && !sms.Value.IsAllowed(address))
        {
            return "no SMS are sent to numbers of this country";
        }

        var isSms = notice.Receiver == ShopperReceivers.Sms;
        var quotas = isSms ? most.Sms : most.Mail;
        var isOfTrade = EventTypes.OfTrades.Contains(notice.Type) || EventTypes.OfClaims.Contains(notice.Type);
        var counted = isOfTrade
            ? counts.CountNotice(notice.EventId, notice.Receiver, Hash($"bill {bill.Number}"), quotas with { InAllPerDay = int.MaxValue })
            : counts.CountNotice(notice.EventId, notice.Receiver, Hash(address), quotas);
        return await counted switch
        {
            NoticeQuota.Free => null,
            NoticeQuota.AddressFull =>
                $"the {(isOfTrade ? "shopper of this bill" : "address")} has had {quotas.PerHour} notices of {(isOfTrade ? "its trade and claims" : "you")} within an hour, or {quotas.PerDay} within a day",
            NoticeQuota.MerchantFull => $"your shoppers have had {quotas.InAllPerDay} {(isSms ? "SMS" : "mails")} within a day",
            var other => throw new InvalidOperationException($"{other} is no quota."),
        };
    }

    /// <summary>The address of a mailbox in one form: without the part after a plus sign, which its owner chooses freely.</summary>
    private static string? AddressOf(string receiver, BillRow bill)
    {
        if (receiver != ShopperReceivers.Mail)
        {
            return receiver == ShopperReceivers.Sms ? bill.ShopperPhone : null;
        }

        if (bill.ShopperEmail?.ToLowerInvariant() is not { } mail || mail.LastIndexOf('@') is not (> 0 and var at))
        {
            return null;
        }

        var tag = mail.IndexOf('+', 0, at);
        return tag > 0 ? mail[..tag] + mail[at..] : mail;
    }

    private static byte[] Hash(string address) => SHA256.HashData(Encoding.UTF8.GetBytes(address));
}
