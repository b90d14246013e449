using Lakala.Grains;
using Lakala.Silo.Notices;
using Lakala.Silo.Web;
using Lakala.Storage.Notices;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Merchants;

/// <summary>The limits of one merchant, so that a leaked key or an endless loop harms nobody else.</summary>
public sealed class MerchantApiOptions
{
    /// <summary>Bills that a merchant may create at one silo, at once or spread over a minute.</summary>
    public int BillsPerMinute { get; set; } = 3_000;

    /// <summary>The same for all other changes.</summary>
    public int WritesPerMinute { get; set; } = 1_200;

    /// <summary>The same for reads.</summary>
    public int ReadsPerMinute { get; set; } = 6_000;

    /// <summary>Tests of webhook endpoints, at once or spread over an hour.</summary>
    public int TestsPerHour { get; set; } = 60;

    /// <summary>How often an event may be sent again within a day. This and the following limits count over all silos.</summary>
    public int ResendsPerEventPerDay { get; set; } = 3;

    /// <summary>Notices to one mail address or phone number for all bills of a merchant within an hour; further ones are skipped.</summary>
    public int NoticesPerAddressPerHour { get; set; } = 10;

    /// <summary>The same within a day.</summary>
    public int NoticesPerAddressPerDay { get; set; } = 30;

    /// <summary>Mails to the shoppers of a merchant within a day; further ones are skipped.</summary>
    public int MailsPerDay { get; set; } = 20_000;

    /// <summary>The same for SMS, which cost money.</summary>
    public int SmsPerDay { get; set; } = 1_000;

    internal ShopperQuotas ToShopperQuotas() => new(
        new NoticeQuotas(NoticesPerAddressPerHour, NoticesPerAddressPerDay, MailsPerDay),
        new NoticeQuotas(NoticesPerAddressPerHour, NoticesPerAddressPerDay, SmsPerDay));

    public sealed class Validator : IValidateOptions<MerchantApiOptions>
    {
        public ValidateOptionsResult Validate(string? name, MerchantApiOptions options) =>
            typeof(MerchantApiOptions).GetProperties().Where(bound => bound.GetValue(options) is < 1).Select(bound => bound.Name).ToArray() is { Length: > 0 } wrong
                ? ValidateOptionsResult.Fail($"MerchantApi: {string.Join(", ", wrong)} must be at least 1.")
                : ValidateOptionsResult.Success;
    }
}

/// <summary>Calls that are counted together.</summary>
internal enum Quota
{
    Bills,
    Writes,
    Reads,
    Tests,
}

/// <summary>Marks a route whose calls are counted by merchant.</summary>
/// <param name="As">Null: as a read or a write, by the method.</param>
internal sealed record Counted(Quota? As = null) : IEntryCheck
{
    public IResult? Refuse(HttpContext context)
    {
        var quota = As ?? (HttpMethods.IsGet(context.Request.Method) ? Quota.Reads : Quota.Writes);
        return context.RequestServices.GetRequiredService<MerchantQuotas>().Take(context.User.Merchant().Id, quota) is { } wait
            ? Problems.TooManyRequests(context.Response, wait)
            : null;
    }
}

/// <summary>Counts a merchant's calls at this silo only: each silo has its own limits.</summary>
internal sealed class MerchantQuotas(IOptions<MerchantApiOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), Hour = TimeSpan.FromHours(1);

    private readonly TokenBuckets _bills = new(options.Value.BillsPerMinute, Minute, time);
    private readonly TokenBuckets _writes = new(options.Value.WritesPerMinute, Minute, time);
    private readonly TokenBuckets _reads = new(options.Value.ReadsPerMinute, Minute, time);
    private readonly TokenBuckets _tests = new(options.Value.TestsPerHour, Hour, time);

    /// <returns>Null: the call is allowed. Otherwise the time after which it is.</returns>
    public TimeSpan? Take(string merchantId, Quota quota) => (quota switch
    {
        Quota.Bills => _bills,
        Quota.Writes => _writes,
        Quota.Reads => _reads,
        Quota.Tests => _tests,
        _ => throw new ArgumentOutOfRangeException(nameof(quota), quota, "No such quota."),
    }).Take(merchantId);
}
