using Lakala.Silo.Bank;
using Lakala.Silo.Hosting;
using Lakala.Silo.Ops;
using Lakala.Silo.Telemetry;
using Lakala.Silo.Web;
using Microsoft.Extensions.Options;

namespace Lakala.Silo.Tests.Hosting;

/// <summary>A setting that would send data to another machine in the clear is named and refused at the start.</summary>
public sealed class PlaintextTests
{
    [Theory]
    [InlineData("127.0.0.1", false, null)]
    [InlineData("::1", false, null)]
    [InlineData("localhost", false, null)]
    [InlineData("bank.example.com", true, null)]
    [InlineData("bank.example.com", false, "BankLink:Ca")]
    [InlineData("10.0.0.5", false, "BankLink:LeasedLine")]
    [InlineData("localhost.example.com", false, "BankLink:Ca")]
    [InlineData("0.0.0.0", false, "BankLink:Ca")]
    public void Cards_go_to_a_bank_elsewhere_over_TLS_or_a_leased_line(string host, bool isLeased, string? named) =>
        Check(new BankLinkOptions.Validator().Validate(null, new BankLinkOptions { Host = host, Port = 5583, LeasedLine = isLeased }), named);

    [Fact]
    public void A_bank_elsewhere_whose_CA_is_known_is_taken_and_a_file_that_is_not_there_is_named()
    {
        var file = Path.GetTempFileName();
        try
        {
            Check(new BankLinkOptions.Validator().Validate(null, new BankLinkOptions { Host = "bank.example.com", Port = 5583, Ca = file }), null);
        }
        finally
        {
            File.Delete(file);
        }

        Check(new BankLinkOptions.Validator().Validate(null, new BankLinkOptions { Host = "bank.example.com", Port = 5583, Ca = file }), "BankLink:Ca");
    }

    [Theory]
    [InlineData("127.0.0.1", "http://127.0.0.1:8080", null)]
    [InlineData("0.0.0.0", "https://pay.example.com", null)]
    [InlineData("0.0.0.0", "http://pay.example.com", "Http:PublicUrl")]
    [InlineData("10.0.0.11", "http://127.0.0.1:8080", "Http:PublicUrl")]
    [InlineData("::", "http://pay.example.com", "Http:Address")]
    public void Whoever_listens_for_others_has_a_TLS_front(string address, string publicUrl, string? named) =>
        Check(new HttpOptions.Validator().Validate(null, new HttpOptions { Address = address, PublicUrl = publicUrl }), named);

    [Theory]
    [InlineData("http://127.0.0.1:9000/alarms", null)]
    [InlineData("https://alarms.example.com/lakala", null)]
    [InlineData("http://alarms.example.com/lakala", "Ops:AlarmUrl")]
    public void Alarms_go_elsewhere_over_TLS(string url, string? named) =>
        Check(new OpsOptions.Validator().Validate(null, new OpsOptions { AlarmUrl = url, AlarmSecretFile = "alarm.key" }), named);

    [Theory]
    [InlineData("Host=/var/run/postgresql", false, true)]
    [InlineData("Host=@lakala", false, true)]
    [InlineData("Host=localhost", false, true)]
    [InlineData("Host=127.0.0.1:5433,[::1]:5433", false, true)]
    [InlineData("Database=lakala", false, true)]
    [InlineData("Host=db.internal;SSL Mode=VerifyFull", false, true)]
    [InlineData("Host=db.internal", true, true)]
    [InlineData("Host=db.internal", false, false)]
    [InlineData("Host=db.internal;SSL Mode=Require", false, false)]
    [InlineData("Host=db.internal;SSL Mode=VerifyCA", false, false)]
    [InlineData("Host=localhost,db.internal;SSL Mode=Prefer", false, false)]
    public void The_database_elsewhere_is_reached_over_TLS_that_knows_it(string connection, bool isTrusted, bool isTaken)
    {
        var fault = DatabaseLine.Fault(connection, isTrusted);
        (fault is null).Should().Be(isTaken);
        (fault ?? "ConnectionStrings__Lakala Database__TrustedNetwork").Should().Contain("ConnectionStrings__Lakala").And.Contain("Database__TrustedNetwork");
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317", null)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example.com:4317", null)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example.com:4317", "OTEL_EXPORTER_OTLP_ENDPOINT")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector.example.com:4317", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")]
    public void What_is_observed_goes_elsewhere_over_TLS(string name, string url, string? named) =>
        Tracing.PlainCollector(asked => asked == name ? url : null).Should().Be(named);

    private static void Check(ValidateOptionsResult verdict, string? named)
    {
        verdict.Succeeded.Should().Be(named is null);
        if (named is not null)
        {
            verdict.FailureMessage.Should().Contain(named);
        }
    }
}
