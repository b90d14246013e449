using Lakala.Grains.Notices;
using Lakala.Silo.BillPages;
using Lakala.Storage.Notices;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Notices;

internal static class NoticeServices
{
    /// <summary>Adds the sending of notices, unless <see cref="NoticeOptions.Dispatch"/> is off.</summary>
    public static WebApplicationBuilder AddNotices(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<NoticeOptions>().BindConfiguration("Notices").ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<NoticeOptions>, NoticeOptions.Validator>();
        builder.Services.AddSingleton<NoticeSignal>();
        builder.Services.AddSingleton(provider => new ShopperReceivers(
            provider.GetRequiredService<IOptions<MailOptions>>().Value.IsOn, provider.GetRequiredService<IOptions<SmsOptions>>().Value.Url.Length > 0));
        builder.Services.AddSingleton<EndpointRows>();
        builder.Services.AddSingleton<EventRows>();
        builder.Services.AddSingleton<DeliveryRows>();
        builder.Services.AddSingleton<QuotaRows>();
        builder.Services.AddSingleton<ShopperLimits>();
        builder.Services.AddOptions<MailOptions>().BindConfiguration("Mail").ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<MailOptions>, MailOptions.Validator>();
        builder.Services.AddOptions<SmsOptions>().BindConfiguration("Sms").ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<SmsOptions>, SmsOptions.Validator>();
        builder.Services.AddSingleton<INoticeChannel, WebhookChannel>();
        builder.Services.AddSingleton<MailChannel>();
        builder.Services.AddSingleton<INoticeChannel>(static provider => provider.GetRequiredService<MailChannel>());
        builder.Services.AddSingleton<ICodeChannel>(static provider => provider.GetRequiredService<MailChannel>());
        builder.Services.AddSingleton<SmsChannel>();
        builder.Services.AddSingleton<INoticeChannel>(static provider => provider.GetRequiredService<SmsChannel>());
        builder.Services.AddSingleton<ICodeChannel>(static provider => provider.GetRequiredService<SmsChannel>());
        builder.Services.AddHostedService<NoticeDispatcher>();
        return builder;
    }
}
