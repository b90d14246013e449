using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Lakala.Wire.Tls;
using Microsoft.Extensions.Time.Testing;

namespace Lakala.Wire.Tests;

public sealed class TlsLineTests : IDisposable
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1", ClientUse = "1.3.6.1.5.5.7.3.2";

    private static readonly TestCa Root = TestCa.Root("Root"), OtherRoot = TestCa.Root("Other root"), Intermediate = Root.Intermediate("Intermediate");

    private readonly PemFiles _files = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task A_server_sends_its_chain_whole()
    {
        await using var server = new TlsServer(_files.Show(_time, Intermediate.Issue("gateway"), Intermediate));

        await server.MustTake(_files.Trust(Root));
    }

    [Fact]
    public async Task What_a_server_does_not_send_may_stand_among_the_CAs()
    {
        await using var server = new TlsServer(_files.Show(_time, Intermediate.Issue("gateway")));

        await server.MustTake(_files.Trust(Root, Intermediate));
        await server.MustNotTake(_files.Trust(Root));
    }

    [Fact]
    public async Task Every_CA_of_a_file_is_trusted_whatever_their_order()
    {
        await using var server = new TlsServer(_files.Show(_time, Root.Issue("gateway")));

        await server.MustTake(_files.Trust(OtherRoot, Root));
        await server.MustTake(_files.Trust(Root, OtherRoot));
        await server.MustNotTake(_files.Trust(OtherRoot));
    }

    [Fact]
    public async Task A_CA_may_be_followed_by_another_of_the_same_name()
    {
        var next = TestCa.Root("Root");
        await using var old = new TlsServer(_files.Show(_time, Root.Issue("gateway")));
        await using var renewed = new TlsServer(_files.Show(_time, next.Issue("gateway")));

        await old.MustTake(_files.Trust(next, Root));
        await renewed.MustTake(_files.Trust(Root, next));
    }

    [Fact]
    public async Task An_intermediate_alone_is_no_CA_to_trust()
    {
        await using var server = new TlsServer(_files.Show(_time, Intermediate.Issue("gateway"), Intermediate));

        await server.MustNotTake(_files.Trust(Intermediate));
    }

    [Fact]
    public async Task Clients_of_every_CA_of_the_file_are_let_in_and_of_no_other()
    {
        await using var server = new TlsServer(_files.Show(_time, Root.Issue("gateway")), _files.Trust(OtherRoot, Root));

        await server.MustTake(_files.Trust(Root), Root.Issue("terminal", use: ClientUse));
        await server.MustTake(_files.Trust(Root), OtherRoot.Issue("terminal"));
        await server.MustNotTake(_files.Trust(Root), TestCa.Root("Stranger").Issue("terminal"));
        await server.MustNotTake(_files.Trust(Root), Root.Issue("a server", use: ServerUse));
        await server.MustNotTake(_files.Trust(Root), null);
        server.Refused.Should().HaveCount(3).And.Contain(why => why.Contains("PartialChain")).And.Contain("it shows no certificate");
    }

    [Fact]
    public async Task A_certificate_that_is_not_good_now_says_from_when_to_when_and_one_of_a_stranger_does_not()
    {
        var yesterday = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().AddDays(-1).ToUnixTimeSeconds());
        var then = new FakeTimeProvider(yesterday.AddDays(-1));
        await using var server = new TlsServer(_files.Show(then, Intermediate.Issue("gateway", until: yesterday), Intermediate));

        var untimely = (await Connecting(Root).Should().ThrowAsync<UntimelyCertificateException>()).Which;
        var strange = (await Connecting(OtherRoot).Should().ThrowAsync<AuthenticationException>()).Which;

        (untimely.GoodFrom, untimely.GoodUntil).Should().Be((DateTimeOffset.UnixEpoch.AddYears(50), yesterday));
        untimely.Message.Should().Contain("NotTimeValid").And.Contain(yesterday.UtcDateTime.ToString("u"));
        strange.Should().NotBeOfType<UntimelyCertificateException>("another clock would not help");
        strange.Message.Should().Contain("PartialChain");

        Func<Task> Connecting(TestCa root) => () => TlsLine.Connect("127.0.0.1", server.Port, _files.Trust(root), null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Nothing_is_downloaded_for_a_chain_that_lacks_something()
    {
        using var web = new TcpListener(IPAddress.Loopback, 0);
        web.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)web.LocalEndpoint).Port}/ca.cer";
        var hidden = Root.Intermediate("Nowhere to be found");
        await using var server = new TlsServer(_files.Show(_time, hidden.Issue("gateway", issuerAddress: address)), _files.Trust(Root));

        await server.MustNotTake(_files.Trust(Root), hidden.Issue("terminal", issuerAddress: address));

        // An address in the server's certificate must not be called either.
        await server.MustNotTake(_files.Trust(OtherRoot), null);
        web.Pending().Should().BeFalse();
    }

    [Theory]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, true)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, false)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384, false)]
    [InlineData(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, false)]
    [InlineData(TlsCipherSuite.TLS_AES_128_GCM_SHA256, true)]
    [InlineData(TlsCipherSuite.TLS_AES_128_CCM_SHA256, false)]
    public async Task A_line_has_a_fresh_key_and_an_authenticated_cipher_or_is_not_opened(TlsCipherSuite suite, bool isTaken)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await using var server = new TlsServer(_files.Show(_time, Root.Issue("gateway")));
        var only = TlsLine.Client(_files.Trust(Root));
        only.TargetHost = "localhost";
        only.EnabledSslProtocols = suite.ToString().Contains("ECDHE") ? SslProtocols.Tls12 : SslProtocols.Tls13;
        only.CipherSuitesPolicy = new CipherSuitesPolicy([suite]);

        (await server.Takes(only)).Should().Be(isTaken);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, false)]
    [InlineData(SslProtocols.Tls13, true)]
    [InlineData(TlsLine.Protocols, true)]
    public async Task The_first_message_says_whether_TLS_1_3_is_offered_and_a_part_of_it_does_not(SslProtocols offered, bool isOffered)
    {
        var stop = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var tls = new SslStream(await TlsLine.ConnectPlain("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, stop));
        var options = TlsLine.Client(_files.Trust(Root));
        options.TargetHost = "localhost";
        options.EnabledSslProtocols = offered;
        using var socket = await listener.AcceptSocketAsync(stop);
        var handshake = tls.AuthenticateAsClientAsync(options, stop);
        var bytes = new byte[16 * 1024];
        var hello = bytes.AsMemory(0, await socket.ReceiveAsync(bytes, stop));

        ClientHello.OffersTls13(hello.Span).Should().Be(isOffered);
        Enumerable.Range(0, hello.Length).Count(known => ClientHello.OffersTls13(hello.Span[..known])).Should().Be(0);
        socket.Close();
        await FluentActions.Awaiting(() => handshake).Should().ThrowAsync<Exception>();
    }

    [Fact]
    public void Lines_share_what_they_can_only_when_no_client_certificate_is_asked_for()
    {
        var own = _files.Show(_time, Root.Issue("gateway"));

        TlsLine.Server(own, offersTls13: true).CipherSuitesPolicy.Should().BeNull();
        TlsLine.Server(own, offersTls13: true).EnabledSslProtocols.Should().Be(SslProtocols.Tls13);
        TlsLine.Server(own, offersTls13: false).CipherSuitesPolicy.Should().NotBeNull();
        TlsLine.Server(own, offersTls13: true, _files.Trust(Root)).CipherSuitesPolicy.Should().NotBeNull();
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_to_the_next_connection()
    {
        var own = _files.Show(_time, Root.Issue("gateway"));
        var said = new List<string>();
        own.Changed = said.Add;
        await using var server = new TlsServer(own);
        await server.MustTake(_files.Trust(Root));
        var next = OtherRoot.Intermediate("Other intermediate");
        var end = _time.GetUtcNow().AddDays(90);
        _files.Write(next.Issue("gateway", until: end), next);

        _time.Advance(OwnCertificate.LookInterval);

        await server.MustTake(_files.Trust(OtherRoot));
        own.NotAfter.Should().BeCloseTo(end, TimeSpan.FromSeconds(1));
        said.Should().ContainSingle().Which.Should().Contain("is shown from now on");
    }

    [Fact]
    public void A_new_certificate_with_the_key_of_another_leaves_the_old_one_in_force_and_is_told_once()
    {
        var own = _files.Show(_time, Root.Issue("gateway"));
        var said = new List<string>();
        own.Changed = said.Add;
        var before = own.Current;
        var next = Root.Issue("gateway");
        _files.WriteCertificate(next);

        for (var look = 0; look < 3; look++)
        {
            _time.Advance(OwnCertificate.LookInterval);
            own.Current.Should().BeSameAs(before);
        }

        said.Should().ContainSingle().Which.Should().Contain("is not taken");

        // The key follows, as when two files are replaced one after the other.
        _files.Write(next);
        _time.Advance(OwnCertificate.LookInterval);
        own.Current.TargetCertificate.Thumbprint.Should().Be(next.Thumbprint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN CERTIFICATE-----\nnothing")]
    [InlineData(null)]
    public void A_file_that_holds_no_certificate_leaves_the_old_one_in_force(string? content)
    {
        var own = _files.Show(_time, Root.Issue("gateway"));
        var said = new List<string>();
        own.Changed = said.Add;
        var before = own.Current;
        if (content is null)
        {
            File.Delete(_files.Certificate);
        }
        else
        {
            File.WriteAllText(_files.Certificate, content);
        }

        _time.Advance(OwnCertificate.LookInterval);

        own.Current.Should().BeSameAs(before);
        said.Should().ContainSingle();
    }

    [Fact]
    public void A_certificate_that_is_over_or_not_yet_good_is_not_taken_before_its_time()
    {
        var own = _files.Show(_time, Root.Issue("gateway"));
        var before = own.Current;
        _files.Write(Root.Issue("gateway", until: _time.GetUtcNow().AddDays(-1)));
        _time.Advance(OwnCertificate.LookInterval);
        own.Current.Should().BeSameAs(before);
    }

    /// <summary>Makes the handshake with every client.</summary>
    private sealed class TlsServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;

        public TlsServer(OwnCertificate own, TrustedCas? clients = null)
        {
            _listener.Start();
            _serving = Serve(own, clients);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public List<string> Refused { get; } = [];

        public async Task MustTake(TrustedCas cas, X509Certificate2? client = null) => (await Takes(Options(cas, client))).Should().BeTrue();

        public async Task MustNotTake(TrustedCas cas, X509Certificate2? client = null) => (await Takes(Options(cas, client))).Should().BeFalse();

        /// <returns>True when both sides accept: the server then sends one byte.</returns>
        public async Task<bool> Takes(SslClientAuthenticationOptions options)
        {
            var stop = TestContext.Current.CancellationToken;
            try
            {
                await using var tls = new SslStream(await TlsLine.ConnectPlain("127.0.0.1", Port, stop));
                await tls.AuthenticateAsClientAsync(options, stop);
                return await tls.ReadAsync(new byte[1], stop) == 1;
            }
            catch (Exception fault) when (fault is AuthenticationException or IOException)
            {
                return false;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Dispose();
            _stop.Dispose();
        }

        private static SslClientAuthenticationOptions Options(TrustedCas cas, X509Certificate2? client)
        {
            using var files = new PemFiles();
            var options = TlsLine.Client(cas, client is null ? null : files.Show(TimeProvider.System, client));
            options.TargetHost = "localhost";
            return options;
        }

        private async Task Serve(OwnCertificate own, TrustedCas? clients)
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    var socket = await _listener.AcceptSocketAsync(_stop.Token);
                    var hello = new byte[16 * 1024];
                    var known = await socket.ReceiveAsync(hello, SocketFlags.Peek, _stop.Token);
                    await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
                    await tls.AuthenticateAsServerAsync(TlsLine.Server(own, ClientHello.OffersTls13(hello.AsSpan(0, known)), clients, Refused.Add), _stop.Token);
                    await tls.WriteAsync(new byte[1], _stop.Token);
                }
                catch (Exception fault) when (fault is AuthenticationException or IOException or OperationCanceledException)
                {
                    // The client finds out.
                }
            }
        }
    }
}
