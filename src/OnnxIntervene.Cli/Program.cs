Console.Error.WriteLine("onnx-intervene: no command yet.");
return 1;
