using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Lakala.Architecture.Tests;

/// <summary>A compiled project: its types, and the names that each of them uses.</summary>
internal sealed class Room
{
    private const string Ours = "Lakala.";

    private static readonly Dictionary<string, Room> Read = [];

    private readonly ModuleDefinition _module;

    private Room(string name)
    {
        (Name, _module) = (name, ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, Ours + name + ".dll")));

        // Generated code is in its own namespaces.
        Types = [.. _module.Types.Where(type => type.Namespace.StartsWith(Ours, StringComparison.Ordinal))];
    }

    public string Name { get; }

    public IReadOnlyList<TypeDefinition> Types { get; }

    /// <summary>Names of the assemblies that its code uses; an unused reference does not count.</summary>
    public IReadOnlyList<string> Assemblies => [.. _module.AssemblyReferences.Select(assembly => assembly.Name)];

    /// <summary>The other rooms that it uses.</summary>
    public IReadOnlyList<string> Rooms => [.. Assemblies.Where(name => name.StartsWith(Ours, StringComparison.Ordinal)).Select(name => name[Ours.Length..])];

    /// <summary>All types of other assemblies that its code uses, and all used members, as <c>System.DateTime.get_Now</c>.</summary>
    public IEnumerable<string> Foreign =>
        _module.GetTypeReferences().Select(static type => type.FullName)
            .Concat(_module.GetMemberReferences().Select(static member => $"{member.DeclaringType.GetElementType().FullName}.{member.Name}"));

    public static Room Of(string name)
    {
        lock (Read)
        {
            return Read.TryGetValue(name, out var room) ? room : Read[name] = new Room(name);
        }
    }

    /// <summary>All types that a type uses: in its declaration, its members, their signatures, and the bodies of its methods.</summary>
    public static IReadOnlySet<TypeReference> Named(TypeDefinition type)
    {
        var named = new HashSet<TypeReference>();
        AddType(type, named);
        return named;
    }

    /// <summary>A nested type, a lambda or a state machine belongs to its enclosing type.</summary>
    public static TypeReference Outermost(TypeReference type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static void AddType(TypeDefinition type, HashSet<TypeReference> named)
    {
        Add(type.BaseType, named);
        AddAttributes(type, named);
        AddGenerics(type, named);
        foreach (var implemented in type.Interfaces)
        {
            Add(implemented.InterfaceType, named);
        }

        foreach (var field in type.Fields)
        {
            Add(field.FieldType, named);
            AddAttributes(field, named);
        }

        foreach (var property in type.Properties)
        {
            AddAttributes(property, named);
        }

        foreach (var method in type.Methods)
        {
            AddMethod(method, named);
        }

        foreach (var nested in type.NestedTypes)
        {
            AddType(nested, named);
        }
    }

    private static void AddMethod(MethodDefinition method, HashSet<TypeReference> named)
    {
        AddSignature(method, named);
        AddAttributes(method, named);
        AddGenerics(method, named);
        foreach (var parameter in method.Parameters)
        {
            AddAttributes(parameter, named);
        }

        if (!method.HasBody)
        {
            return;
        }

        foreach (var variable in method.Body.Variables)
        {
            Add(variable.VariableType, named);
        }

        foreach (var handler in method.Body.ExceptionHandlers)
        {
            Add(handler.CatchType, named);
        }

        foreach (var instruction in method.Body.Instructions)
        {
            AddOperand(instruction, named);
        }
    }

    private static void AddOperand(Instruction instruction, HashSet<TypeReference> named)
    {
        switch (instruction.Operand)
        {
            case TypeReference type:
                Add(type, named);
                break;

            case FieldReference field:
                Add(field.DeclaringType, named);
                Add(field.FieldType, named);
                break;

            case MethodReference method:
                Add(method.DeclaringType, named);
                AddSignature(method, named);
                foreach (var argument in (method as GenericInstanceMethod)?.GenericArguments ?? [])
                {
                    Add(argument, named);
                }

                break;
        }
    }

    private static void AddSignature(IMethodSignature method, HashSet<TypeReference> named)
    {
        Add(method.ReturnType, named);
        foreach (var parameter in method.Parameters)
        {
            Add(parameter.ParameterType, named);
        }
    }

    private static void AddGenerics(IGenericParameterProvider generic, HashSet<TypeReference> named)
    {
        foreach (var constraint in generic.GenericParameters.SelectMany(static parameter => parameter.Constraints))
        {
            Add(constraint.ConstraintType, named);
        }
    }

    private static void AddAttributes(ICustomAttributeProvider attributed, HashSet<TypeReference> named)
    {
        foreach (var attribute in attributed.CustomAttributes)
        {
            Add(attribute.AttributeType, named);
            foreach (var type in attribute.ConstructorArguments.Select(static argument => argument.Value).OfType<TypeReference>())
            {
                Add(type, named);
            }
        }
    }

    private static void Add(TypeReference? type, HashSet<TypeReference> named)
    {
        foreach (var argument in (type as GenericInstanceType)?.GenericArguments ?? [])
        {
            Add(argument, named);
        }

        if (type is TypeSpecification specification)
        {
            Add(specification.ElementType, named);
        }
        else if (type is not null and not GenericParameter)
        {
            named.Add(Outermost(type));
        }
    }
}
