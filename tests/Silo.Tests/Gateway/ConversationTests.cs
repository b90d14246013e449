using Lakala.Silo.Gateway.Conversations;
using Lakala.Wire.Iso8583;

namespace Lakala.Silo.Tests.Gateway;

/// <summary>Which conversation of the gateway a request begins.</summary>
public sealed class ConversationTests
{
    [Theory]
    [InlineData(Mti.LookupRequest, 0, Mti.LookupAnswer, nameof(Lookup))]
    [InlineData(Mti.PayRequest, 0, Mti.PayAnswer, nameof(Pay))]
    [InlineData(Mti.PayRepeat, 0, Mti.PayAnswer, nameof(Pay))]
    [InlineData(Mti.Reversal, 0, Mti.ReversalAnswer, nameof(Abandon))]
    [InlineData(Mti.ReversalRepeat, 0, Mti.ReversalAnswer, nameof(Abandon))]
    [InlineData(Mti.Refund, 0, Mti.RefundAnswer, nameof(Refund))]
    [InlineData(Mti.RefundRepeat, 0, Mti.RefundAnswer, nameof(Refund))]
    [InlineData(Mti.BatchClose, 0, Mti.BatchCloseAnswer, nameof(BatchClose))]
    [InlineData(Mti.NetworkRequest, NetworkCode.SignOff, Mti.NetworkAnswer, nameof(SignOff))]
    [InlineData(Mti.NetworkRequest, NetworkCode.ClerkSignIn, Mti.NetworkAnswer, nameof(ClerkSignIn))]
    [InlineData(Mti.NetworkRequest, NetworkCode.Parameters, Mti.NetworkAnswer, nameof(Parameters))]
    [InlineData(Mti.NetworkRequest, NetworkCode.Echo, Mti.NetworkAnswer, nameof(Echo))]
    [InlineData(Mti.NetworkRequest, 999, Mti.NetworkAnswer, nameof(UnknownFunction))]
    public void A_message_type_and_a_network_code_choose_the_conversation(string mti, int code, string answer, string conversation)
    {
        var request = new Iso8583Message(Iso8583Spec.Lakala, mti).Set(70, code);

        var found = Conversation.Find(request);

        found.AnswerMti.Should().Be(answer);
        found.Answer.Method.DeclaringType!.Name.Should().Be(conversation);
    }

    [Fact]
    public void A_lookup_for_a_refund_has_its_processing_code()
    {
        Conversation.Find(new Iso8583Message(Iso8583Spec.Lakala, Mti.LookupRequest).Set(3, ProcessingCode.Refund)).Answer.Method.DeclaringType!.Name.Should().Be(nameof(RefundLookup));
        Conversation.Find(new Iso8583Message(Iso8583Spec.Lakala, Mti.LookupRequest).Set(3, ProcessingCode.Lookup)).Answer.Method.DeclaringType!.Name.Should().Be(nameof(Lookup));
    }

    [Theory]
    [InlineData(Mti.PayAnswer)]
    [InlineData("0999")]
    public void A_message_type_that_is_no_request_has_none(string mti)
    {
        var find = () => Conversation.Find(new Iso8583Message(Iso8583Spec.Lakala, mti));

        find.Should().Throw<Iso8583Exception>().WithMessage("The message type is not in use.");
    }

    [Fact]
    public void A_network_request_names_its_code()
    {
        var find = () => Conversation.Find(new Iso8583Message(Iso8583Spec.Lakala, Mti.NetworkRequest));

        find.Should().Throw<Iso8583Exception>().Which.Field.Should().Be(70);
    }
}
