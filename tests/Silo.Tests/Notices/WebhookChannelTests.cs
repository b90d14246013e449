using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lakala.Grains.Notices;
using Lakala.Rules.Bills;
using Lakala.Silo.Notices;
using Lakala.Storage.Notices;
using Lakala.Vocabulary;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Silo.Tests.Notices;

/// <summary>Receivers with typical faults: gone, busy, slow, partly reachable, with certificates that cannot be verified.</summary>
public sealed class WebhookChannelTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 10, 0, 0, TimeSpan.Zero);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_endpoint_that_says_it_is_gone_is_gone_unless_it_is_the_operators_own()
    {
        await using var peer = await HttpPeer.Start(Answer(410));

        (await Send(peer.Url)).Should().Be(new NoticeAnswer(NoticeOutcome.Gone, 410, "status 410: the endpoint is gone, and is disabled"));
        (await Send(peer.Url, isTrusted: true)).Should().Be(new NoticeAnswer(NoticeOutcome.Failed, 410, "status 410"));
    }

    [Fact]
    public async Task Nothing_is_sent_to_an_endpoint_that_is_disabled()
    {
        await using var peer = await HttpPeer.Start(Answer(204));

        (await Send(Notice(peer.Url) with { Endpoint = Target(peer.Url) with { IsDisabled = true } })).Outcome.Should().Be(NoticeOutcome.Skipped);
        peer.Requests.Should().Be(0);
    }

    [Theory]
    [InlineData(429, "60", 60)]
    [InlineData(503, "60", 60)]
    [InlineData(503, "Mon, 30 Nov 2026 10:02:00 GMT", 120)]
    [InlineData(503, "soon", null)]
    [InlineData(500, null, null)]
    [InlineData(404, null, null)]
    [InlineData(401, null, null)]
    public async Task The_pause_that_a_receiver_asks_for_is_heard(int status, string? retryAfter, int? seconds)
    {
        await using var peer = await HttpPeer.Start(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = retryAfter;
            return Task.CompletedTask;
        });

        (await Send(peer.Url, time: new FakeTimeProvider(Now))).Should().Be(new NoticeAnswer(
            NoticeOutcome.Failed, status, $"status {status}", seconds is null ? null : TimeSpan.FromSeconds(seconds.Value)));
    }

    [Fact]
    public async Task A_receiver_that_answers_only_who_accepts_something_is_content()
    {
        await using var peer = await HttpPeer.Start(context =>
        {
            context.Response.StatusCode = context.Request.Headers.Accept == "*/*" ? 204 : 403;
            return Task.CompletedTask;
        });

        (await Send(peer.Url)).Outcome.Should().Be(NoticeOutcome.Accepted);
        (await SendSms(peer.Url)).Outcome.Should().Be(NoticeOutcome.Accepted);
    }

    [Fact]
    public async Task When_the_first_address_of_a_name_swallows_everything_the_next_is_taken_within_the_second()
    {
        await using var peer = await HttpPeer.Start(Answer(204));
        using var swallows = Swallow("127.0.0.2", peer.Port);

        var answer = await Send($"http://shop.test:{peer.Port}/", dns: ["127.0.0.2", "127.0.0.1"]);

        answer.Outcome.Should().Be(NoticeOutcome.Accepted, answer.Error);
    }

    [Fact]
    public async Task When_every_address_swallows_everything_it_is_the_connection_that_is_missed()
    {
        using var swallows = Swallow("127.0.0.2", port: 0);

        var answer = await Send($"http://127.0.0.2:{Port(swallows[0])}/", new NoticeOptions { ConnectTimeout = TimeSpan.FromMilliseconds(200) });

        answer.Should().Be(new NoticeAnswer(NoticeOutcome.Failed, Error: "could not connect within 0.2 s"));
    }

    [Theory]
    [InlineData("https", false, "TLS was not ready within 0.3 s")]
    [InlineData("https", true, "closed the connection before TLS was ready")]
    [InlineData("http", false, "no answer within 0.3 s")]
    [InlineData("http", true, "closed the connection without an answer")]
    public async Task Each_step_that_fails_has_words_of_its_own(string scheme, bool closes, string error)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Serve();

        var answer = await Send(
            $"{scheme}://127.0.0.1:{Port(listener.Server)}/",
            new NoticeOptions { ConnectTimeout = TimeSpan.FromSeconds(0.3), Timeout = TimeSpan.FromSeconds(0.3) });

        answer.Should().Be(new NoticeAnswer(NoticeOutcome.Failed, Error: error));
        await serving;

        async Task Serve()
        {
            using var line = await listener.AcceptTcpClientAsync(Stop);
            var stream = line.GetStream();
            var buffer = new byte[4096];
            try
            {
                while (await stream.ReadAsync(buffer, Stop) > 0 && !closes)
                {
                    // It reads and does not answer.
                }
            }
            catch (IOException)
            {
                // The other side has closed.
            }
        }
    }

    [Fact]
    public async Task The_time_to_answer_begins_with_the_connection()
    {
        var time = new FakeTimeProvider(Now);
        await using var peer = await HttpPeer.Start(context =>
        {
            time.Advance(TimeSpan.FromSeconds(14));
            context.Response.StatusCode = 204;
            return Task.CompletedTask;
        });
        using var channel = new WebhookChannel(Allowing(), new PlainVault(), time, isTrusted: false, (_, _) =>
        {
            time.Advance(TimeSpan.FromSeconds(9));
            return Task.FromResult<IPAddress[]>([IPAddress.Loopback]);
        });

        (await channel.Send(Notice($"http://shop.test:{peer.Port}/"))).Outcome.Should().Be(NoticeOutcome.Accepted, "neither took longer than it may");
    }

    [Fact]
    public async Task A_slow_receiver_keeps_nobody_waiting_who_has_the_same_address()
    {
        var quickIsDone = new TaskCompletionSource();
        await using var peer = await HttpPeer.Start(async context =>
        {
            if (context.Request.Path == "/slow")
            {
                await quickIsDone.Task.WaitAsync(context.RequestAborted);
            }
        });
        using var channel = new WebhookChannel(Allowing(new NoticeOptions { MaxInFlightPerReceiver = 1 }), new PlainVault(), TimeProvider.System);

        var slow = channel.Send(Notice(peer.Url + "slow"));
        var quick = await channel.Send(Notice(peer.Url + "quick"));
        quickIsDone.SetResult();

        quick.Outcome.Should().Be(NoticeOutcome.Accepted, quick.Error);
        (await slow).Outcome.Should().Be(NoticeOutcome.Accepted);
    }

    [Fact]
    public async Task A_name_of_our_own_network_is_told_like_one_that_there_is_not()
    {
        var answers = new List<NoticeAnswer>();
        foreach (var resolve in new Func<IPAddress[]>[]
        {
            () => [IPAddress.Parse("10.0.0.7")],
            () => [IPAddress.Parse("168.63.129.16")],
            () => [IPAddress.Parse("8.8.4.4"), IPAddress.Parse("::ffff:8.8.4.5"), IPAddress.Parse("2606:4700:10::1")],
            () => [],
            () => throw new SocketException((int)SocketError.HostNotFound),
            () => throw new SocketException((int)SocketError.TryAgain),
            () => throw new SocketException((int)SocketError.NoData),
        })
        {
            using var channel = new WebhookChannel(
                Options.Create(new NoticeOptions { OwnNetworks = "8.8.4.0/24, 2606:4700:10::/48" }), new PlainVault(), TimeProvider.System, isTrusted: false, async (_, _) =>
                {
                    await Task.Yield();
                    return resolve();
                });
            answers.Add(await channel.Send(Notice("https://db.internal.test/")));
        }

        answers.Distinct().Should().ContainSingle().Which.Error.Should().Be("db.internal.test has no public address");
    }

    [Theory]
    [InlineData("https://shop.test:9443/", "443,8443", "port 9443 is not called, only 443,8443")]
    [InlineData("https://shop.test/", "443,8443", "shop.test has no public address")]
    [InlineData("https://shop.test:8443/", "443,8443", "shop.test has no public address")]
    [InlineData("https://shop.test:9443/", "443, 9443", "shop.test has no public address")]
    public async Task Only_ports_that_are_allowed_are_called(string url, string ports, string error)
    {
        using var channel = new WebhookChannel(
            Options.Create(new NoticeOptions { Ports = ports }), new PlainVault(), TimeProvider.System, isTrusted: false, (_, _) => Task.FromResult<IPAddress[]>([]));

        (await channel.Send(Notice(url))).Error.Should().Be(error);
    }

    [Theory]
    [InlineData("443", true)]
    [InlineData("443, 8443", true)]
    [InlineData("", false)]
    [InlineData("https", false)]
    [InlineData("443,", false)]
    [InlineData("443,0", false)]
    [InlineData("443,65536", false)]
    public void Ports_that_are_none_are_named_at_the_start(string ports, bool isValid) =>
        new NoticeOptions.Validator().Validate(null, new NoticeOptions { Ports = ports }).Succeeded.Should().Be(isValid);

    [Theory]
    [InlineData("", "198.51.99.1", true)]
    [InlineData("8.8.4.0/24", "8.8.4.4", false)]
    [InlineData("8.8.4.0/24", "::ffff:8.8.4.4", false)]
    [InlineData("8.8.4.0/24", "8.8.8.8", true)]
    [InlineData("2606:4700::/32,8.8.4.4/32", "8.8.4.4", false)]
    [InlineData("2606:4700::/32, 8.8.4.4/32", "2606:4700:1::1", false)]
    [InlineData("8.8.4.0/24", "10.0.0.1", false)]
    public void Addresses_of_our_own_public_networks_are_not_called(string own, string address, bool isAllowed)
    {
        var options = new NoticeOptions { OwnNetworks = own };

        new NoticeOptions.Validator().Validate(null, options).Succeeded.Should().BeTrue();
        options.IsAddressAllowed(IPAddress.Parse(address)).Should().Be(isAllowed);
    }

    [Fact]
    public async Task An_address_of_our_own_networks_is_passed_over_and_the_next_is_dialled()
    {
        await using var peer = await HttpPeer.Start(Answer(204));
        using var own = new TcpListener(IPAddress.Parse("127.0.0.2"), peer.Port);
        own.Start();

        var answer = await Send($"http://shop.test:{peer.Port}/", new NoticeOptions { OwnNetworks = "127.0.0.2/32" }, dns: ["127.0.0.2", "127.0.0.1"]);

        answer.Outcome.Should().Be(NoticeOutcome.Accepted, answer.Error);
        own.Pending().Should().BeFalse();
    }

    [Theory]
    [InlineData("198.51.100.7")]
    [InlineData("198.51.100.7/24")]
    [InlineData("198.51.100/24")]
    [InlineData("0198.51.100.0/24")]
    [InlineData("198.51.100.0/33")]
    [InlineData("198.51.100.0-198.51.100.255")]
    [InlineData("::ffff:198.51.100.0/120")]
    [InlineData("2001:db8::1/32")]
    [InlineData("office")]
    [InlineData(" ")]
    public void Networks_that_are_none_are_named_at_the_start(string wrong) =>
        new NoticeOptions.Validator().Validate(null, new NoticeOptions { OwnNetworks = $"203.0.112.0/24,{wrong},8.8.4.0/24" }).FailureMessage.Should()
            .Contain($"'{wrong.Trim()}' is not one").And.NotContain("203.0.112.0").And.StartWith("Notices: OwnNetworks");

    [Fact]
    public async Task A_certificate_that_names_where_its_issuer_can_be_had_makes_nobody_call_there()
    {
        var isAsked = new TaskCompletionSource();
        await using var issuers = await HttpPeer.Start(context =>
        {
            isAsked.TrySetResult();
            return Answer(404)(context);
        });
        await using var server = TlsServer.Start(issuers.Url + "issuer.cer");

        var webhook = await Send($"https://localhost:{server.Port}/");
        var sms = await SendSms($"https://localhost:{server.Port}/");

        webhook.Should().Match<NoticeAnswer>(answer => answer.Outcome == NoticeOutcome.Failed && answer.Error!.StartsWith("its TLS certificate is not accepted: "));
        sms.Should().Match<NoticeAnswer>(answer => answer.Outcome == NoticeOutcome.Failed && answer.Error!.Contains("its TLS certificate is not accepted"));
        issuers.Requests.Should().Be(0);

        // Without the policy .NET calls this address: the test can fail.
        using var trusting = new HttpClient();
        _ = trusting.GetAsync($"https://localhost:{server.Port}/", Stop);
        await isAsked.Task.WaitAsync(Stop);
    }

    [Theory]
    [InlineData(200, NoticeOutcome.Accepted)]
    [InlineData(302, NoticeOutcome.Failed)]
    [InlineData(400, NoticeOutcome.Refused)]
    [InlineData(403, NoticeOutcome.Refused)]
    [InlineData(408, NoticeOutcome.Failed)]
    [InlineData(410, NoticeOutcome.Refused)]
    [InlineData(425, NoticeOutcome.Failed)]
    [InlineData(429, NoticeOutcome.Failed)]
    [InlineData(500, NoticeOutcome.Failed)]
    [InlineData(503, NoticeOutcome.Failed)]
    public async Task A_refusal_of_the_SMS_gateway_is_its_last_word_unless_it_is_only_busy(int status, NoticeOutcome outcome)
    {
        await using var peer = await HttpPeer.Start(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "90";
            return Task.CompletedTask;
        });

        var answer = await SendSms(peer.Url);

        (answer.Outcome, answer.Status).Should().Be((outcome, status));
        answer.RetryAfter.Should().Be(outcome == NoticeOutcome.Failed ? TimeSpan.FromSeconds(90) : null);
    }

    [Fact]
    public async Task A_gateway_that_takes_an_SMS_and_says_nothing_may_have_sent_it_and_one_that_is_away_has_not()
    {
        await using var peer = await HttpPeer.Start(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var port = Port(nobody.Server);
        nobody.Stop();

        (await SendSms(peer.Url)).Outcome.Should().Be(NoticeOutcome.Uncertain);
        (await SendSms($"http://127.0.0.1:{port}/")).Outcome.Should().Be(NoticeOutcome.Failed);
    }

    [Fact]
    public void What_is_uncertain_is_tried_once_more_an_hour_later_and_what_is_refused_not_at_all()
    {
        static double? Pause(int tries, NoticeAnswer answer, bool wasUncertain = false, double longestHours = 15) => RetrySchedule.PauseAfter(
            Notice("https://shop.test/") with { Tries = tries, WasUncertain = wasUncertain }, answer, random: 0, TimeSpan.FromHours(longestHours))?.TotalMinutes;
        var uncertain = new NoticeAnswer(NoticeOutcome.Uncertain);

        Pause(1, uncertain).Should().Be(60);
        Pause(7, uncertain).Should().Be(360, "the schedule's own pause is longer");
        Pause(2, uncertain, wasUncertain: true).Should().BeNull();
        Pause(9, uncertain).Should().BeNull();
        Pause(2, new NoticeAnswer(NoticeOutcome.Failed), wasUncertain: true).Should().Be(4, "this try did not bring a copy");
        Pause(1, new NoticeAnswer(NoticeOutcome.Refused)).Should().BeNull();
        Pause(1, new NoticeAnswer(NoticeOutcome.Failed, RetryAfter: TimeSpan.FromMinutes(1))).Should().Be(1);
        Pause(5, new NoticeAnswer(NoticeOutcome.Failed, RetryAfter: TimeSpan.FromMinutes(1))).Should().Be(60, "a receiver may not shorten the schedule");
        Pause(1, new NoticeAnswer(NoticeOutcome.Failed, RetryAfter: TimeSpan.FromDays(9))).Should().Be(15 * 60);
        Pause(1, new NoticeAnswer(NoticeOutcome.Failed, RetryAfter: TimeSpan.FromDays(-9))).Should().BeApproximately(10 / 60.0, 1e-9);
        Pause(9, new NoticeAnswer(NoticeOutcome.Failed, RetryAfter: TimeSpan.FromMinutes(1))).Should().BeNull();
    }

    private static RequestDelegate Answer(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static WebhookTarget Target(string url) => new(url, new byte[32], PreviousSecret: null);

    private static Notice Notice(string url) => new(Guid.NewGuid(), "we_1", EventTypes.Paid, Now, "{}", Target(url), Bill: null, Tries: 1);

    private static IOptions<NoticeOptions> Allowing(NoticeOptions? options = null)
    {
        options ??= new NoticeOptions();
        options.AllowPrivateAddresses = true;
        return Options.Create(options);
    }

    private static Task<NoticeAnswer> Send(
        string url, NoticeOptions? options = null, bool isTrusted = false, TimeProvider? time = null, string[]? dns = null) =>
        Send(Notice(url), options, isTrusted, time, dns);

    private static async Task<NoticeAnswer> Send(
        Notice notice, NoticeOptions? options = null, bool isTrusted = false, TimeProvider? time = null, string[]? dns = null)
    {
        using var channel = new WebhookChannel(
            Allowing(options),
            new PlainVault(),
            time ?? TimeProvider.System,
            isTrusted,
            dns is null ? null : (_, _) => Task.FromResult(Array.ConvertAll(dns, IPAddress.Parse)));
        return await channel.Send(notice);
    }

    private static async Task<NoticeAnswer> SendSms(string url)
    {
        using var channel = new SmsChannel(
            Options.Create(new SmsOptions { Url = url }), Options.Create(new NoticeOptions()), new BillPageAddress("http://127.0.0.1:8080"), TimeProvider.System);
        var bill = ShopperMessageTests.Bill(BillState.Open) with { ShopperPhone = "+8613800000000" };
        return await channel.Send(new Notice(Guid.NewGuid(), ShopperReceivers.Sms, EventTypes.Created, Now, "{}", Endpoint: null, bill, Tries: 1));
    }

    private static int Port(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>An address that no longer answers a SYN: its queue of connections is full.</summary>
    private static Swallowing Swallow(string address, int port)
    {
        var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        listener.Listen(0);
        var sockets = new Swallowing { listener };
        for (var full = false; !full;)
        {
            var one = new Socket(SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            sockets.Add(one);
            try
            {
                one.Connect(listener.LocalEndPoint!);
            }
            catch (SocketException pending) when (pending.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // On loopback a connection is made at once or never.
                full = !one.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectWrite);
            }
        }

        return sockets;
    }

    private sealed class Swallowing : List<Socket>, IDisposable
    {
        public void Dispose() => ForEach(socket => socket.Dispose());
    }

    /// <summary>A server with a certificate of an unknown CA, which has the address of that CA's certificate.</summary>
    private sealed class TlsServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly X509Certificate2 _certificate;
        private readonly Task _serving;

        private TlsServer(X509Certificate2 certificate)
        {
            _certificate = certificate;
            _listener.Start();
            _serving = Serve();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public static TlsServer Start(string issuersAddress)
        {
            using var issuersKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var issuer = new CertificateRequest("CN=unknown", issuersKey, HashAlgorithmName.SHA256);
            issuer.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            var today = TimeProvider.System.GetUtcNow();
            using var authority = issuer.CreateSelfSigned(today.AddDays(-1), today.AddDays(2));
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var leaf = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            leaf.CertificateExtensions.Add(names.Build());
            leaf.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, caIssuersUris: [issuersAddress]));
            using var signed = leaf.Create(authority, today.AddDays(-1), today.AddDays(1), RandomNumberGenerator.GetBytes(8));
            return new TlsServer(signed.CopyWithPrivateKey(key));
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Dispose();
            _certificate.Dispose();
            _stop.Dispose();
        }

        private async Task Serve()
        {
            // Offline: the server does not download its own issuer either.
            var context = SslStreamCertificateContext.Create(_certificate, additionalCertificates: null, offline: true);
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    using var line = await _listener.AcceptTcpClientAsync(_stop.Token);
                    await using var tls = new SslStream(line.GetStream());
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = context }, _stop.Token);
                    await tls.CopyToAsync(Stream.Null, _stop.Token);
                }
                catch (Exception refused) when (refused is AuthenticationException or IOException or OperationCanceledException)
                {
                    // A client that does not accept the certificate closes the connection.
                }
            }
        }
    }
}
